// SPDX-License-Identifier: Apache-2.0

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
    /// The name's labels.
    private let labels: [[UInt8]]

    /// Asks for `name`; nil if it is no name: labels of 1 to 63 bytes, at most 253 in all.
    init?(_ name: String, id: UInt16) {
        let name = name.hasSuffix(".") ? String(name.dropLast()) : name
        let labels = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard name.utf8.count <= 253, labels.allSatisfy({ (1...63).contains($0.count) }) else {
            return nil
        }
        self.labels = labels.map { Array($0) }
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
        for label in labels {
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
    /// - Throws: ``DNSError``.
    func answer(_ message: [UInt8]) throws(DNSError) -> Answer? {
        var reader = DNSReader(message)
        guard try reader.number() == id else { return nil }
        let flags = try reader.number()
        guard flags & 0x8000 != 0 else { return nil }
        if flags & 0x0200 != 0 { return .truncated }
        let code = UInt8(flags & 0xf)
        let questionCount = try reader.number()
        let answerCount = try reader.number()
        _ = try reader.number()
        _ = try reader.number()
        // 3: there is no such name.
        if code == 3 { return .records([]) }
        if code != 0 { return .failed(code: code) }
        guard questionCount == 1 else { return nil }
        let name = try reader.name()
        guard name.map(Self.lowercased) == labels.map(Self.lowercased) else { return nil }
        guard try reader.number() == Self.textType else { return nil }
        _ = try reader.number()
        return .records(try Self.records(answerCount, &reader))
    }

    /// The TXT records among the answers; aliases that led to them are passed over.
    private static func records(
        _ count: UInt16, _ reader: inout DNSReader
    ) throws(DNSError) -> [[UInt8]] {
        var records: [[UInt8]] = []
        for _ in 0..<count {
            _ = try reader.name()
            let type = try reader.number()
            let kind = try reader.number()
            _ = try reader.number()  // time to live, of which nothing is kept
            _ = try reader.number()
            var data = try reader.bytes(Int(try reader.number()))[...]
            guard type == textType, kind == internetClass else { continue }
            guard records.count < maximumStringCount else { throw .tooMany }
            var text: [UInt8] = []
            while let length = data.popFirst() {
                guard data.count >= Int(length) else { throw .truncated }
                text += data.prefix(Int(length))
                data = data.dropFirst(Int(length))
            }
            records.append(text)
        }
        return records
    }

    private static func lowercased(_ label: [UInt8]) -> [UInt8] {
        label.map { (65...90).contains($0) ? $0 + 32 : $0 }
    }
}

/// What is wrong with an answer.
enum DNSError: Error, Hashable, Sendable {
    /// It ends in the middle.
    case truncated
    /// A name is too long, or points to itself.
    case name
    /// More records than are taken.
    case tooMany
}

/// Reads a DNS message from its start.
struct DNSReader: Sendable {
    private let message: [UInt8]
    private var cursor = 0

    init(_ message: [UInt8]) { self.message = message }

    mutating func number() throws(DNSError) -> UInt16 {
        let two = try bytes(2)
        return UInt16(two[0]) << 8 | UInt16(two[1])
    }

    mutating func bytes(_ count: Int) throws(DNSError) -> [UInt8] {
        guard message.count - cursor >= count else { throw .truncated }
        defer { cursor += count }
        return Array(message[cursor..<cursor + count])
    }

    /// A name; pointers lead strictly backwards, so that it ends.
    mutating func name() throws(DNSError) -> [[UInt8]] {
        var labels: [[UInt8]] = []
        var byteCount = 0
        var position = cursor
        var end: Int?
        while true {
            guard position < message.count else { throw .truncated }
            let length = Int(message[position])
            switch length {
            case 0:
                cursor = end ?? position + 1
                return labels
            case 1...63:
                guard message.count - position > length else { throw .truncated }
                byteCount += length + 1
                guard byteCount <= 255 else { throw .name }
                labels.append(Array(message[position + 1...position + length]))
                position += length + 1
            case 0xc0...:
                guard position + 1 < message.count else { throw .truncated }
                let target = (length & 0x3f) << 8 | Int(message[position + 1])
                guard target < position else { throw .name }
                end = end ?? position + 2
                position = target
            default: throw .name
            }
        }
    }
}
