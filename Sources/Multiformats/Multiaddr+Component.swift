// SPDX-License-Identifier: Apache-2.0

extension Multiaddr {
    /// One protocol of an address, with its value.
    public enum Component: Hashable, Sendable {
        /// An IPv4 address, 4 bytes.
        case ip4([UInt8])
        /// An IPv6 address, 16 bytes.
        case ip6([UInt8])
        /// A TCP port.
        case tcp(UInt16)
        /// A UDP port.
        case udp(UInt16)
        /// A name that may have IPv4 and IPv6 addresses.
        case dns(String)
        /// A name of IPv4 addresses.
        case dns4(String)
        /// A name of IPv6 addresses.
        case dns6(String)
        /// A name whose TXT records hold addresses.
        case dnsaddr(String)
        /// A peer.
        case p2p(PeerID)
        /// A relay between what stands before and after.
        case p2pCircuit
        /// TLS over what stands before.
        case tls
        /// The server name for TLS.
        case sni(String)
        /// Noise over what stands before.
        case noise
        /// WebSocket.
        case ws
        /// WebSocket over TLS; the same as `/tls/ws`.
        case wss
        /// HTTP.
        case http
        /// HTTP over TLS.
        case https
        /// QUIC, RFC 9000.
        case quicV1
        /// WebTransport.
        case webtransport
        /// The hash of a certificate.
        case certhash(Multihash)
        /// A path of a Unix domain socket, with its leading `/`; always the last component.
        case unix(String)
        /// A place in this process.
        case memory(UInt64)
        /// Any other protocol that is known, with its binary value.
        case other(Multicodec, [UInt8])

        /// The code in the multiaddr table.
        public var code: Multicodec {
            if case .other(let code, _) = self { return code }
            return Multicodec(rawValue: encoded.code)
        }

        /// The binary value, without a length.
        public var value: [UInt8] { encoded.value }

        /// Appends code, length where there is one, and value.
        func append(to bytes: inout [UInt8]) {
            let (code, value) = encoded
            Varint.append(code, to: &bytes)
            if case .variable? = AddressScheme.byCode[code]?.layout {
                Varint.append(UInt64(value.count), to: &bytes)
            }
            bytes.append(contentsOf: value)
        }

        private var encoded: (code: UInt64, value: [UInt8]) {
            switch self {
            case .ip4(let address): (4, address)
            case .ip6(let address): (41, address)
            case .tcp(let port): (6, [UInt8](bigEndian: port))
            case .udp(let port): (273, [UInt8](bigEndian: port))
            case .dns(let name): (53, Array(name.utf8))
            case .dns4(let name): (54, Array(name.utf8))
            case .dns6(let name): (55, Array(name.utf8))
            case .dnsaddr(let name): (56, Array(name.utf8))
            case .p2p(let peerID): (421, peerID.bytes)
            case .p2pCircuit: (290, [])
            case .tls: (448, [])
            case .sni(let name): (449, Array(name.utf8))
            case .noise: (454, [])
            case .ws: (477, [])
            case .wss: (478, [])
            case .http: (480, [])
            case .https: (443, [])
            case .quicV1: (461, [])
            case .webtransport: (465, [])
            case .certhash(let multihash): (466, multihash.bytes)
            case .unix(let path): (400, Array(path.utf8))
            case .memory(let place): (777, [UInt8](bigEndian: place))
            case .other(let code, let value): (code.rawValue, value)
            }
        }
    }
}

extension AddressScheme {
    /// The component of this protocol with a value that is known to be valid.
    func component(_ value: ArraySlice<UInt8>) -> Multiaddr.Component {
        let name = String(decoding: value, as: UTF8.self)
        switch code {
        case 4: return .ip4(Array(value))
        case 41: return .ip6(Array(value))
        case 6: return .tcp(UInt16(truncatingIfNeeded: value.bigEndianValue))
        case 273: return .udp(UInt16(truncatingIfNeeded: value.bigEndianValue))
        case 53: return .dns(name)
        case 54: return .dns4(name)
        case 55: return .dns6(name)
        case 56: return .dnsaddr(name)
        case 421:
            // A value that was validated as a peer ID is one.
            if let peerID = try? PeerID(Array(value)) { return .p2p(peerID) }
        case 290: return .p2pCircuit
        case 448: return .tls
        case 449: return .sni(name)
        case 454: return .noise
        case 477: return .ws
        case 478: return .wss
        case 480: return .http
        case 443: return .https
        case 461: return .quicV1
        case 465: return .webtransport
        case 466:
            // A value that was validated as a multihash is one.
            if let multihash = try? Multihash(Array(value)) { return .certhash(multihash) }
        case 400: return .unix(name)
        case 777: return .memory(value.bigEndianValue)
        default: break
        }
        return .other(Multicodec(rawValue: code), Array(value))
    }
}

extension [UInt8] {
    /// The bytes of `value`, most significant first.
    init(bigEndian value: some FixedWidthInteger) {
        self = stride(from: value.bitWidth - 8, through: 0, by: -8).map {
            UInt8(truncatingIfNeeded: value >> $0)
        }
    }
}

extension ArraySlice<UInt8> {
    /// The number whose bytes, at most eight, these are, most significant first.
    var bigEndianValue: UInt64 { reduce(0) { $0 << 8 | UInt64($1) } }
}
