// SPDX-License-Identifier: Apache-2.0

/// A network address that says of which protocols it is made, such as `/ip4/127.0.0.1/tcp/4001`.
///
/// Held in binary form, a row of (varint code, value), which is valid and never empty; equality is
/// that of the bytes. Spec: <https://github.com/multiformats/multiaddr>.
public struct Multiaddr: Hashable, Sendable {
    /// The longest binary form that is accepted.
    ///
    /// A guess: the longest address met in practice, a circuit with certificate hashes, takes about
    /// 250 bytes.
    public static let maximumByteCount = 1024

    /// The longest text that is parsed, in UTF-8 bytes; a guess, too.
    public static let maximumTextByteCount = 4096

    /// The binary form.
    public let bytes: [UInt8]

    /// Parses the binary form, which must fill `bytes`.
    ///
    /// - Throws: ``MultiaddrError`` with byte offsets in `bytes`.
    /// - Complexity: O(bytes).
    public init(_ bytes: [UInt8]) throws(MultiaddrError) {
        guard !bytes.isEmpty else { throw .empty }
        guard bytes.count <= Self.maximumByteCount else { throw .tooLong(byteCount: bytes.count) }
        var cursor = 0
        while cursor < bytes.count {
            let start = cursor
            let part = try Part(bytes, at: &cursor)
            guard part.scheme.isValid(bytes[part.value]) else { throw .invalidValue(offset: start) }
            if part.scheme.isTerminal && cursor < bytes.count { throw .notTerminal(offset: cursor) }
        }
        self.bytes = bytes
    }

    /// Puts components together, at least one.
    ///
    /// Each must have a value that fits its protocol: those that a parsed address gave, or made by
    /// the program. Anything else is a mistake of the caller and traps.
    public init(components: [Component]) {
        var bytes: [UInt8] = []
        for component in components { component.append(to: &bytes) }
        do { try self.init(bytes) } catch {
            preconditionFailure("no address of \(components): \(error)")
        }
    }

    /// Takes bytes that are known to be an address.
    private init(valid bytes: ArraySlice<UInt8>) { self.bytes = Array(bytes) }

    /// What the address is made of, outermost first; at least one.
    ///
    /// - Complexity: O(bytes), allocates each value.
    public var components: [Component] {
        var components: [Component] = []
        forEachPart { part in
            components.append(part.scheme.component(bytes[part.value]))
            return true
        }
        return components
    }

    /// The peer that the address names: that of a `/p2p` at its end.
    public var peerID: PeerID? {
        guard let last = lastPart, case .peerID = last.scheme.value else { return nil }
        // A value that was validated as a peer ID is one.
        return try? PeerID(Array(bytes[last.value]))
    }

    /// The address without a `/p2p` at its end; unchanged if there is none, or nothing else.
    public func withoutPeerID() -> Multiaddr {
        guard let last = lastPart, case .peerID = last.scheme.value, last.start > 0 else {
            return self
        }
        return Multiaddr(valid: bytes[..<last.start])
    }

    /// The address with one more component at its end.
    public func appending(_ component: Component) -> Multiaddr {
        Multiaddr(components: components + [component])
    }

    /// The address with another one inside, such as a circuit's.
    public func appending(_ other: Multiaddr) -> Multiaddr {
        Multiaddr(components: components + other.components)
    }

    /// Calls `body` with each component's place, until it returns false.
    func forEachPart(_ body: (Part) -> Bool) {
        var cursor = 0
        while cursor < bytes.count {
            // What was parsed once parses again; an address never holds anything else.
            guard let part = try? Part(bytes, at: &cursor), body(part) else { return }
        }
    }

    private var lastPart: Part? {
        var last: Part?
        forEachPart { part in
            last = part
            return true
        }
        return last
    }

    /// Where a component lies.
    struct Part {
        /// Where its code starts.
        let start: Int
        /// Its protocol.
        let scheme: AddressScheme
        /// Its value, without a length.
        let value: Range<Int>

        /// Reads the component at `cursor`, which moves behind it; does not look at the value.
        init(_ bytes: [UInt8], at cursor: inout Int) throws(MultiaddrError) {
            let start = cursor
            let code = try Self.varint(bytes, at: &cursor)
            guard let scheme = AddressScheme.byCode[code] else {
                throw .unknownCode(code, offset: start)
            }
            let byteCount: UInt64 =
                switch scheme.layout {
                case .none: 0
                case .fixed(let count): UInt64(count)
                case .variable: try Self.varint(bytes, at: &cursor)
                }
            self.start = start
            self.scheme = scheme
            guard byteCount <= UInt64(bytes.count - cursor) else { throw .truncated(offset: start) }
            value = cursor..<cursor + Int(byteCount)
            cursor = value.upperBound
        }

        private static func varint(
            _ bytes: [UInt8], at cursor: inout Int
        ) throws(MultiaddrError) -> UInt64 {
            do { return try Varint.read(from: bytes.span, at: &cursor) } catch {
                throw .varint(error)
            }
        }
    }
}

/// Why bytes or text are no address.
public enum MultiaddrError: Error, Hashable, Sendable {
    /// There is no component.
    case empty
    /// More bytes than ``Multiaddr/maximumByteCount``, or of text than
    /// ``Multiaddr/maximumTextByteCount``.
    case tooLong(byteCount: Int)
    /// A code or a length is no varint.
    case varint(VarintError)
    /// No protocol that is known here has this code; its value's length is not known either.
    case unknownCode(UInt64, offset: Int)
    /// No protocol that is known here has the name at this UTF-8 byte of the text.
    case unknownName(offset: Int)
    /// The text does not start with `/`.
    case noLeadingSlash
    /// The component at `offset` lacks its value.
    case missingValue(offset: Int)
    /// The input ends inside the value of the component at `offset`.
    case truncated(offset: Int)
    /// The component at `offset` has a value that its protocol does not allow.
    case invalidValue(offset: Int)
    /// A component at `offset` follows one that must be the last.
    case notTerminal(offset: Int)
}

extension MultiaddrError: CustomStringConvertible {
    /// A sentence for the user.
    public var description: String {
        switch self {
        case .empty: "the address is empty"
        case .tooLong(let byteCount): "an address of \(byteCount) bytes is too long"
        case .varint(let error): error.description
        case .unknownCode(let code, let offset):
            "no protocol has the code 0x\(String(code, radix: 16)) at byte \(offset)"
        case .unknownName(let offset): "no protocol has the name at byte \(offset)"
        case .noLeadingSlash: "an address starts with /"
        case .missingValue(let offset): "the protocol at byte \(offset) needs a value"
        case .truncated(let offset): "the component at byte \(offset) is cut short"
        case .invalidValue(let offset): "the component at byte \(offset) has a wrong value"
        case .notTerminal(let offset): "nothing may follow at byte \(offset)"
        }
    }
}
