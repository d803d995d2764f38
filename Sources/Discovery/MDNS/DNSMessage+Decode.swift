// SPDX-License-Identifier: Apache-2.0

import Libp2p

extension DNSMessage {
    /// The largest packet of multicast DNS (RFC 6762, section 17).
    static let maximumByteCount = 9_000
    /// The most questions and records that are read.
    static let maximumEntryCount = 512

    /// Decodes a packet; what follows the message is ignored.
    ///
    /// - Throws: ``DNSMessageError``.
    /// - Complexity: O(length × depth of pointers), which is at most 128 per name.
    init(_ bytes: [UInt8]) throws(DNSMessageError) {
        guard bytes.count <= Self.maximumByteCount else {
            throw .tooLong(byteCount: bytes.count)
        }
        var reader = DNSReader(bytes)
        let id = try reader.word()
        let flags = try reader.word()
        self.init(id: id, isResponse: flags & 0x8000 != 0)
        var counts: [Int] = []
        for _ in 0..<4 { counts.append(Int(try reader.word())) }
        let total = counts.reduce(0, +)
        guard total <= Self.maximumEntryCount else { throw .tooMany(total) }
        for _ in 0..<counts[0] {
            let name = try reader.name()
            let type = try reader.word()
            let unicast = try reader.word() & 0x8000 != 0
            questions.append(Question(name: name, type: type, wantsUnicast: unicast))
        }
        for _ in 0..<counts[1] { answers.append(try reader.record()) }
        // Authorities say what a prober wants to own; nothing here needs them.
        for _ in 0..<counts[2] { _ = try reader.record() }
        for _ in 0..<counts[3] { additionals.append(try reader.record()) }
    }
}

extension DNSReader {
    mutating func record() throws(DNSMessageError) -> DNSMessage.Record {
        let name = try name()
        let type = try word()
        let isUnique = try word() & 0x8000 != 0
        let lifetime = UInt32(try word()) << 16 | UInt32(try word())
        let length = Int(try word())
        let start = offset
        guard remainingByteCount >= length else { throw .truncated(offset: start) }
        let content = try content(type, length)
        // A name may be short of the length that is declared, never go beyond it.
        guard offset <= start + length else { throw .content(offset: start) }
        _ = try take(start + length - offset)
        return DNSMessage.Record(
            name: name, lifetime: lifetime, content: content, isUnique: isUnique)
    }

    private mutating func content(
        _ type: UInt16, _ length: Int
    ) throws(DNSMessageError) -> DNSMessage.Record.Content {
        let start = offset
        switch (type, length) {
        case (DNSMessage.RecordType.ptr, _): return .pointer(try name())
        case (DNSMessage.RecordType.txt, _):
            var strings: [[UInt8]] = []
            while offset < start + length {
                let count = Int(try take(1).reduce(0) { $0 + UInt16($1) })
                guard offset + count <= start + length else { throw .content(offset: start) }
                strings.append(Array(try take(count)))
            }
            return .text(strings)
        case (DNSMessage.RecordType.srv, 7...):
            let (priority, weight, port) = (try word(), try word(), try word())
            return .service(priority: priority, weight: weight, port: port, host: try name())
        case (DNSMessage.RecordType.a, 4), (DNSMessage.RecordType.aaaa, 16):
            return .address(Array(try take(length)))
        case (DNSMessage.RecordType.srv, _), (DNSMessage.RecordType.a, _),
            (DNSMessage.RecordType.aaaa, _):
            throw .content(offset: start)
        default: return .other(type: type, Array(try take(length)))
        }
    }
}
