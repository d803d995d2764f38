// SPDX-License-Identifier: Apache-2.0

/// A row of the multiaddr protocol table: <https://github.com/multiformats/multiaddr/blob/master/protocols.csv>.
struct AddressScheme: Sendable {
    /// How the value lies behind the code.
    enum Layout: Sendable {
        /// There is no value.
        case none
        /// Always so many bytes.
        case fixed(Int)
        /// A varint length, then the value.
        case variable
    }

    /// What the value is, and so how its text looks.
    enum Value: Sendable {
        case nothing
        case ip4
        case ip6
        /// Decimal number of the layout's width.
        case number
        /// UTF-8, not empty, without `/`.
        case name
        case peerID
        /// A multihash, as text in multibase.
        case multihash
        /// UTF-8 that starts with `/` and does not end with one; all of the rest of the text.
        case path
        /// UTF-8, percent-escaped in text.
        case escaped
        /// Base 32 of all bytes but the last two, then `:` and a port.
        case onion
        /// I2P destination in base 64 with `-~`, at least 386 bytes.
        case garlic64
        /// I2P address in base 32, 32 bytes or at least 35.
        case garlic32
    }

    let code: UInt64
    let name: String
    let layout: Layout
    let value: Value

    /// Whether nothing may follow.
    var isTerminal: Bool {
        if case .path = value { return true }
        return false
    }

    /// Whether the protocol allows this value, whose length fits the layout.
    func isValid(_ bytes: ArraySlice<UInt8>) -> Bool {
        switch value {
        case .nothing, .ip4, .ip6, .number: true
        case .onion: bytes.suffix(2) != [0, 0]
        case .name:
            !bytes.isEmpty && !bytes.contains(UInt8(ascii: "/"))
                && String(validating: bytes, as: UTF8.self) != nil
        case .escaped: !bytes.isEmpty && String(validating: bytes, as: UTF8.self) != nil
        case .path:
            bytes.count > 1 && bytes.first == UInt8(ascii: "/") && bytes.last != bytes.first
                && String(validating: bytes, as: UTF8.self) != nil
        case .peerID: (try? PeerID(Array(bytes))) != nil  // the reason is of no interest
        case .multihash: (try? Multihash(Array(bytes))) != nil  // nor here
        case .garlic64: bytes.count >= 386
        case .garlic32: bytes.count == 32 || bytes.count >= 35
        }
    }

    /// The rows by code.
    static let byCode = Dictionary(uniqueKeysWithValues: all.map { ($0.code, $0) })

    /// The rows by name, with the old name of p2p.
    static let byName: [String: AddressScheme] = {
        var names = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
        names["ipfs"] = names["p2p"]
        return names
    }()

    private init(_ code: UInt64, _ name: String, _ layout: Layout, _ value: Value) {
        self.code = code
        self.name = name
        self.layout = layout
        self.value = value
    }

    private static let all: [AddressScheme] = [
        AddressScheme(4, "ip4", .fixed(4), .ip4),
        AddressScheme(6, "tcp", .fixed(2), .number),
        AddressScheme(33, "dccp", .fixed(2), .number),
        AddressScheme(41, "ip6", .fixed(16), .ip6),
        AddressScheme(42, "ip6zone", .variable, .name),
        AddressScheme(43, "ipcidr", .fixed(1), .number),
        AddressScheme(53, "dns", .variable, .name),
        AddressScheme(54, "dns4", .variable, .name),
        AddressScheme(55, "dns6", .variable, .name),
        AddressScheme(56, "dnsaddr", .variable, .name),
        AddressScheme(132, "sctp", .fixed(2), .number),
        AddressScheme(273, "udp", .fixed(2), .number),
        AddressScheme(280, "webrtc-direct", .none, .nothing),
        AddressScheme(281, "webrtc", .none, .nothing),
        AddressScheme(290, "p2p-circuit", .none, .nothing),
        AddressScheme(301, "udt", .none, .nothing),
        AddressScheme(302, "utp", .none, .nothing),
        AddressScheme(400, "unix", .variable, .path),
        AddressScheme(421, "p2p", .variable, .peerID),
        AddressScheme(443, "https", .none, .nothing),
        AddressScheme(444, "onion", .fixed(12), .onion),
        AddressScheme(445, "onion3", .fixed(37), .onion),
        AddressScheme(446, "garlic64", .variable, .garlic64),
        AddressScheme(447, "garlic32", .variable, .garlic32),
        AddressScheme(448, "tls", .none, .nothing),
        AddressScheme(449, "sni", .variable, .name),
        AddressScheme(454, "noise", .none, .nothing),
        AddressScheme(460, "quic", .none, .nothing),
        AddressScheme(461, "quic-v1", .none, .nothing),
        AddressScheme(465, "webtransport", .none, .nothing),
        AddressScheme(466, "certhash", .variable, .multihash),
        AddressScheme(477, "ws", .none, .nothing),
        AddressScheme(478, "wss", .none, .nothing),
        AddressScheme(480, "http", .none, .nothing),
        AddressScheme(481, "http-path", .variable, .escaped),
        AddressScheme(777, "memory", .fixed(8), .number),
        AddressScheme(0x706c61, "plaintextv2", .none, .nothing),
    ]
}
