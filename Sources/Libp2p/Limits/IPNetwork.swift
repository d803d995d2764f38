// SPDX-License-Identifier: Apache-2.0

import Multiformats

/// A range of IP addresses that share a prefix, such as `10.0.0.0/8` or `fd00::/8`.
public struct IPNetwork: Hashable, Sendable, CustomStringConvertible {
    /// The first address, in 4 or 16 bytes.
    public let address: [UInt8]
    /// How many leading bits all addresses share.
    public let prefixLength: Int

    /// Takes the network of `prefixLength` bits around `address`; nil if there is none such.
    public init?(_ address: [UInt8], prefixLength: Int) {
        guard address.count == 4 || address.count == 16,
            (0...address.count * 8).contains(prefixLength)
        else { return nil }
        self.address = Self.masked(address, prefixLength)
        self.prefixLength = prefixLength
    }

    /// Parses `address/bits`; without `/bits` it is the one address.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count) else { return nil }
        let scheme = parts[0].contains(":") ? "ip6" : "ip4"
        // What is wrong with the text does not matter here: it is no network.
        guard let parsed = try? Multiaddr(text: "/\(scheme)/\(parts[0])"), let ip = parsed.ipAddress
        else { return nil }
        guard parts.count == 2 else {
            self.init(ip, prefixLength: ip.count * 8)
            return
        }
        guard !parts[1].isEmpty, parts[1].utf8.allSatisfy({ (48...57).contains($0) }),
            let bits = Int(parts[1])
        else { return nil }
        self.init(ip, prefixLength: bits)
    }

    /// Whether `ip`, of 4 or 16 bytes, is in the range.
    ///
    /// An IPv6 address that maps an IPv4 one (`::ffff:a.b.c.d`) counts as that.
    public func contains(_ ip: [UInt8]) -> Bool {
        let ip = address.count == 4 ? Self.unmapped(ip) : ip
        return ip.count == address.count && Self.masked(ip, prefixLength) == address
    }

    /// Whether all of the range is apart from the internet.
    ///
    /// No range of public addresses lies between two private ones of one network.
    package var isPrivate: Bool {
        let last = Self.masked(address.map { ~$0 }, prefixLength).map { ~$0 }
        return [address, last].allSatisfy { ip in
            Multiaddr(components: [ip.count == 4 ? .ip4(ip) : .ip6(ip)]).isPrivate
        }
    }

    /// The text that ``init(_:)`` reads.
    public var description: String {
        let component: Multiaddr.Component = address.count == 4 ? .ip4(address) : .ip6(address)
        let text = Multiaddr(components: [component]).description
        return "\(text.dropFirst(5))/\(prefixLength)"
    }

    /// The four bytes that an IPv6 address maps, or `ip` itself.
    package static func unmapped(_ ip: [UInt8]) -> [UInt8] {
        let prefix: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]
        return ip.count == 16 && ip.starts(with: prefix) ? Array(ip.suffix(4)) : ip
    }

    /// `address` with all but the first `bits` zeroed.
    package static func masked(_ address: [UInt8], _ bits: Int) -> [UInt8] {
        address.enumerated().map { index, byte in
            let kept = min(8, max(0, bits - index * 8))
            return kept == 8 ? byte : byte & ~(0xff >> UInt8(kept))
        }
    }
}
