// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats

/// An address that the transports here can dial or listen on.
struct TransportAddress: Hashable, Sendable {
    /// What is behind the first component.
    enum Place: Hashable, Sendable {
        /// An IP address, 4 or 16 bytes.
        case ip([UInt8])
        /// A name, with the length of the addresses that are wanted; nil for any.
        case name(String, byteCount: Int?)
    }

    /// What is spoken over TCP.
    enum Transport: Hashable, Sendable {
        case tcp
        /// WebSocket.
        case ws
        /// WebSocket over TLS; with the server's name, if the address says it.
        case wss(serverName: String?)
    }

    var place: Place
    var port: UInt16
    var transport: Transport

    init(place: Place, port: UInt16, transport: Transport) {
        self.place = place
        self.port = port
        self.transport = transport
    }

    /// Reads `/ip4|ip6|dns|dns4|dns6/…/tcp/…`, with `/ws`, `/wss` or `/tls[/sni/…]/ws` behind it;
    /// nil for all else.
    ///
    /// A `/p2p` at the end is passed over.
    init?(_ address: Multiaddr) {
        var rest = address.components[...]
        if case .p2p? = rest.last { rest = rest.dropLast() }
        switch rest.popFirst() {
        case .ip4(let bytes)?, .ip6(let bytes)?: place = .ip(bytes)
        case .dns(let name)?: place = .name(name, byteCount: nil)
        case .dns4(let name)?: place = .name(name, byteCount: 4)
        case .dns6(let name)?: place = .name(name, byteCount: 16)
        default: return nil
        }
        guard case .tcp(let port)? = rest.popFirst() else { return nil }
        self.port = port
        let name: String? = if case .name(let name, _) = place { name } else { nil }
        switch Array(rest) {
        case []: transport = .tcp
        case [.ws]: transport = .ws
        case [.wss], [.tls, .ws]: transport = .wss(serverName: name)
        default:
            guard rest.count == 3, rest.first == .tls, rest.last == .ws,
                case .sni(let serverName) = rest[rest.startIndex + 1]
            else { return nil }
            transport = .wss(serverName: serverName)
        }
    }

    /// The address in text for `Host:` of HTTP.
    var authority: String {
        switch place {
        case .ip(let bytes):
            let component: Multiaddr.Component = bytes.count == 4 ? .ip4(bytes) : .ip6(bytes)
            let text = Multiaddr(components: [component]).description.dropFirst(5)
            return bytes.count == 4 ? "\(text):\(port)" : "[\(text)]:\(port)"
        case .name(let name, _): return "\(name):\(port)"
        }
    }

    /// The components behind the port.
    var suffix: [Multiaddr.Component] {
        switch transport {
        case .tcp: []
        case .ws: [.ws]
        case .wss: [.tls, .ws]
        }
    }
}
