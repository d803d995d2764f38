// SPDX-License-Identifier: Apache-2.0

import Libp2p

/// A question for the TXT records of a name, and what to make of the answer.
///
/// Spec: RFC 1035, section 4; RFC 6891 for the size of the answer.
struct DNSQuery: Hashable, Sendable {
    /// The most bytes of an answer over UDP, as the question allows: what fits every network
    /// (DNS flag day 2020).
    static let maximumAnswerByteCount = 1232
    /// The most TXT strings that are taken of an answer.
    static let maximumStringCount = 256

    private static let textType: UInt16 = 16
    private static let optionsType: UInt16 = 41
    private static let internetClass: UInt16 = 1

    /// What tells the answer from others.
    let id: UInt16
    /// What it asks for.
    private let name: DNSName

    /// Asks for `name`; nil if it is no name.
    init?(_ name: String, id: UInt16) {
        let text = name.hasSuffix(".") ? String(name.dropLast()) : name
        let labels = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard let name = DNSName(labels: labels.map { Array($0) }) else { return nil }
        self.name = name
        self.id = id
    }

    /// The message to send.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        func append(_ number: UInt16) {
            bytes.append(UInt8(number >> 8))
            bytes.append(UInt8(number & 0xff))
        }
        append(id)
        append(0x0100)  // recursion desired
        for count in [1, 0, 0, 1] as [UInt16] { append(count) }
        for label in name.labels {
            bytes.append(UInt8(label.count))
            bytes += label
        }
        bytes.append(0)
        append(Self.textType)
        append(Self.internetClass)
        bytes.append(0)  // the root, for the options
        append(Self.optionsType)
        append(UInt16(Self.maximumAnswerByteCount))
        for _ in 0..<3 { append(0) }
        return bytes
    }

    /// What an answer says.
    enum Answer: Hashable, Sendable {
        /// The TXT records, each with its strings joined; none if the name has none.
        case records([[UInt8]])
        /// The answer is too long for UDP; ask over TCP.
        case truncated
        /// The server could not answer, with this code (RFC 1035, 4.1.1).
        case failed(code: UInt8)
    }

    /// Reads what the server sent; nil if it is no answer to this question.
    ///
    /// - Throws: ``DNSMessageError``.
    func answer(_ message: [UInt8]) throws(DNSMessageError) -> Answer? {
        var reader = DNSReader(message)
        guard try reader.word() == id else { return nil }
        let flags = try reader.word()
        guard flags & 0x8000 != 0 else { return nil }
        if flags & 0x0200 != 0 { return .truncated }
        let code = UInt8(flags & 0xf)
        let questionCount = try reader.word()
        let answerCount = try reader.word()
        _ = try reader.word()
        _ = try reader.word()
        // 3: there is no such name.
        if code == 3 { return .records([]) }
        if code != 0 { return .failed(code: code) }
        guard questionCount == 1 else { return nil }
        guard try reader.name() == name else { return nil }
        guard try reader.word() == Self.textType else { return nil }
        _ = try reader.word()
        return .records(try Self.records(answerCount, &reader))
    }

    /// The TXT records among the answers; aliases that led to them are passed over.
    private static func records(
        _ count: UInt16, _ reader: inout DNSReader
    ) throws(DNSMessageError) -> [[UInt8]] {
        var records: [[UInt8]] = []
        for _ in 0..<count {
            _ = try reader.name()
            let type = try reader.word()
            let kind = try reader.word()
            _ = try reader.word()  // time to live, of which nothing is kept
            _ = try reader.word()
            let start = reader.offset
            var data = try reader.take(Int(try reader.word()))
            guard type == textType, kind == internetClass else { continue }
            guard records.count < maximumStringCount else { throw .tooMany(Int(count)) }
            var text: [UInt8] = []
            while let length = data.popFirst() {
                guard data.count >= Int(length) else { throw .content(offset: start) }
                text += data.prefix(Int(length))
                data = data.dropFirst(Int(length))
            }
            records.append(text)
        }
        return records
    }
}
