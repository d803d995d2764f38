// SPDX-License-Identifier: Apache-2.0

import Libp2p

extension DNSMessage {
    /// The packet; names point to earlier ones where they can.
    func encode() -> [UInt8] {
        var writer = DNSWriter()
        writer.word(id)
        // A response is authoritative (RFC 6762, section 18.4).
        writer.word(isResponse ? 0x8400 : 0)
        for count in [questions.count, answers.count, 0, additionals.count] {
            writer.word(UInt16(clamping: count))
        }
        for question in questions {
            writer.name(question.name)
            writer.word(question.type)
            writer.word(question.wantsUnicast ? 0x8001 : 1)
        }
        for record in answers + additionals { writer.record(record) }
        return writer.bytes
    }
}

private struct DNSWriter {
    private(set) var bytes: [UInt8] = []
    private var offsets: [[[UInt8]]: Int] = [:]

    mutating func word(_ value: UInt16) {
        bytes.append(UInt8(value >> 8))
        bytes.append(UInt8(value & 0xff))
    }

    mutating func name(_ name: DNSName) {
        var rest = name.labels[...]
        while let label = rest.first {
            if let offset = offsets[Array(rest)] { return word(0xc000 | UInt16(offset)) }
            // Pointers have 14 bits.
            if bytes.count < 0x4000 { offsets[Array(rest)] = bytes.count }
            bytes.append(UInt8(label.count))
            bytes.append(contentsOf: label)
            rest.removeFirst()
        }
        bytes.append(0)
    }

    mutating func record(_ record: DNSMessage.Record) {
        name(record.name)
        word(record.content.type)
        word(record.isUnique ? 0x8001 : 1)
        word(UInt16(record.lifetime >> 16))
        word(UInt16(record.lifetime & 0xffff))
        word(0)
        let start = bytes.count
        switch record.content {
        case .pointer(let target): name(target)
        case .text(let strings):
            for string in strings {
                bytes.append(UInt8(clamping: string.count))
                bytes.append(contentsOf: string.prefix(255))
            }
            // An empty TXT record has one empty string (RFC 6763, section 6.1).
            if strings.isEmpty { bytes.append(0) }
        case .service(let priority, let weight, let port, let host):
            for value in [priority, weight, port] { word(value) }
            name(host)
        case .address(let address): bytes.append(contentsOf: address)
        case .other(_, let content): bytes.append(contentsOf: content)
        }
        let length = bytes.count - start
        bytes[start - 2] = UInt8(truncatingIfNeeded: length >> 8)
        bytes[start - 1] = UInt8(truncatingIfNeeded: length)
    }
}
