// SPDX-License-Identifier: Apache-2.0

extension Multiaddr {
    /// From where an address can be reached, as its first component tells.
    private enum Reach {
        case loopback
        /// Networks that are not the internet: RFC 1918, RFC 6598, link-local, RFC 4193.
        case local
        case internet
        /// Nowhere: unspecified, multicast, documentation, reserved.
        case nowhere
    }

    /// Whether the address is one of this machine only: `127.0.0.0/8`, `::1`, `localhost`.
    public var isLoopback: Bool { reach == .loopback }

    /// Whether the address is one of a network apart from the internet, or of this machine.
    public var isPrivate: Bool { reach == .local || reach == .loopback }

    /// Whether the address can be one of the internet.
    ///
    /// Names can, but for `localhost` and those that RFC 6762 and RFC 6761 keep from the DNS.
    public var isPublic: Bool { reach == .internet }

    /// Whether the address goes through a relay.
    public var isCircuit: Bool {
        var isCircuit = false
        forEachPart { part in
            isCircuit = part.scheme.code == 290
            return !isCircuit
        }
        return isCircuit
    }

    /// Whether the address stands for all of this machine: `0.0.0.0` or `::`.
    public var isUnspecified: Bool {
        switch outermost {
        case .ip4(let bytes)?, .ip6(let bytes)?: bytes.allSatisfy { $0 == 0 }
        default: false
        }
    }

    /// The first component, but for an `/ip6zone`.
    private var outermost: Component? {
        var component: Component?
        forEachPart { part in
            guard part.scheme.code != 42 else { return true }
            component = part.scheme.component(bytes[part.value])
            return false
        }
        return component
    }

    private var reach: Reach {
        switch outermost {
        case .ip4(let bytes)?: Self.reach(ip4: bytes)
        case .ip6(let bytes)?: Self.reach(ip6: bytes)
        case .dns(let name)?, .dns4(let name)?, .dns6(let name)?, .dnsaddr(let name)?:
            Self.reach(ofName: name.lowercased())
        case .memory?, .unix?: .loopback
        default: .nowhere
        }
    }

    private static func reach(ofName name: String) -> Reach {
        let name = name.hasSuffix(".") ? String(name.dropLast()) : name
        if name == "localhost" || name.hasSuffix(".localhost") { return .loopback }
        let local = [".local", ".internal", ".home.arpa", ".lan"]
        if local.contains(where: name.hasSuffix) { return .local }
        let nowhere = [".invalid", ".test", ".onion"]
        return nowhere.contains(where: name.hasSuffix) ? .nowhere : .internet
    }

    /// RFC 6890 and the IANA registry of special addresses.
    private static func reach(ip4 bytes: [UInt8]) -> Reach {
        switch (bytes[0], bytes[1], bytes[2]) {
        case (127, _, _): .loopback
        case (10, _, _), (172, 16...31, _), (192, 168, _), (100, 64...127, _), (169, 254, _): .local
        case (0, _, _), (192, 0, 0), (192, 0, 2), (192, 88, 99), (198, 18...19, _),
            (198, 51, 100), (203, 0, 113), (224..., _, _):
            .nowhere
        default: .internet
        }
    }

    private static func reach(ip6 bytes: [UInt8]) -> Reach {
        if IPText.isMappedIP4(bytes[...]) { return reach(ip4: Array(bytes.suffix(4))) }
        if bytes.dropLast().allSatisfy({ $0 == 0 }) { return bytes[15] == 1 ? .loopback : .nowhere }
        switch (bytes[0], bytes[1]) {
        case (0xfc...0xfd, _), (0xfe, 0x80...0xbf): return .local
        case (0x20, 0x01) where bytes[2...3] == [0x0d, 0xb8]: return .nowhere
        case (0x20...0x3f, _): return .internet
        case (0x00, 0x64) where bytes[2..<12] == [0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0]:
            return reach(ip4: Array(bytes.suffix(4)))  // NAT64, RFC 6052
        default: return .nowhere
        }
    }
}
