// SPDX-License-Identifier: Apache-2.0

import Glibc
import Libp2p
import Multiformats
import NIOCore

extension SocketAddress {
    /// The address of `ip`, 4 or 16 bytes, and `port`.
    init(ip: [UInt8], port: UInt16) throws {
        try self.init(
            packedIPAddress: ByteBuffer(bytes: ip), port: Int(port))
    }

    /// The IP address, 4 or 16 bytes in network order; an IPv6 address that maps an IPv4 one is
    /// that one.
    ///
    /// Nil for other kinds.
    var ipBytes: [UInt8]? {
        withSockAddr { address, byteCount in
            Self.ipBytes(of: UnsafeRawBufferPointer(start: address, count: byteCount))
        }
    }

    /// The IP address in a `sockaddr`, as ``ipBytes``.
    ///
    /// In Linux's layout (ip(7), ipv6(7)) it is behind the family and the port, in IPv6 also behind
    /// the flow.
    static func ipBytes(of address: UnsafeRawBufferPointer) -> [UInt8]? {
        guard address.count >= 8 else { return nil }
        switch Int32(address.loadUnaligned(as: UInt16.self)) {
        case AF_INET: return Array(address[4..<8])
        case AF_INET6 where address.count >= 24: return IPNetwork.unmapped(Array(address[8..<24]))
        default: return nil
        }
    }

    /// The address as `/ip4|ip6/…/tcp/…`; nil for other kinds.
    var multiaddr: Multiaddr? {
        guard let bytes = ipBytes, let port else { return nil }
        return Multiaddr(components: [
            bytes.count == 4 ? .ip4(bytes) : .ip6(bytes), .tcp(UInt16(truncatingIfNeeded: port)),
        ])
    }
}
