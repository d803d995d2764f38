// SPDX-License-Identifier: Apache-2.0

public import Multiformats

/// Addresses that are likely run by one operator, so that one operator cannot fill a table.
///
/// IPv4: the /16, or the /8 for blocks that one organisation holds whole. IPv6: the /32, which is
/// what a registry hands to one network at least; go-libp2p groups by autonomous system here, for
/// which it carries a table of them.
public enum IPGroup: Hashable, Sendable {
    /// The first 16 bits of an IPv4 address, or 8 bits and zeros.
    case ip4(UInt16)
    /// The first 32 bits of an IPv6 address.
    case ip6(UInt32)

    /// The /8 blocks of one organisation each, as go-libp2p-kbucket lists them.
    private static let wideBlocks: Set<UInt8> = [12, 17, 19, 38, 48, 53, 56, 73]

    /// The group of an address; nil if it names no IP address.
    public init?(_ address: Multiaddr) {
        switch address.components.first {
        case .ip4(let bytes) where bytes.count == 4:
            let low = Self.wideBlocks.contains(bytes[0]) ? 0 : UInt16(bytes[1])
            self = .ip4(UInt16(bytes[0]) << 8 | low)
        case .ip6(let bytes) where bytes.count == 16:
            self = .ip6(bytes.prefix(4).reduce(0) { $0 << 8 | UInt32($1) })
        default: return nil
        }
    }

    /// The groups of all addresses, each once.
    public static func groups(of addresses: some Sequence<Multiaddr>) -> Set<IPGroup> {
        Set(addresses.lazy.compactMap { IPGroup($0) })
    }
}

/// How many peers of one IP group a table takes; the defaults are those of the public network.
public struct DiversityLimits: Hashable, Sendable {
    /// In the whole table.
    ///
    /// Default 3.
    public var perTable: Int
    /// With one common prefix length.
    ///
    /// Default 2.
    public var perPrefixLength: Int

    /// Sets both.
    public init(perTable: Int = 3, perPrefixLength: Int = 2) {
        self.perTable = perTable
        self.perPrefixLength = perPrefixLength
    }
}

/// Counts the peers of each IP group in a table.
struct DiversityFilter: Sendable {
    private struct Place: Hashable {
        let group: IPGroup
        /// nil: the whole table.
        let prefixLength: Int?
    }

    let limits: DiversityLimits
    private var counts: [Place: Int] = [:]

    init(_ limits: DiversityLimits) { self.limits = limits }

    /// Whether a peer of `groups` may enter.
    func admits(_ groups: Set<IPGroup>, prefixLength: Int) -> Bool {
        groups.allSatisfy { group in
            counts[Place(group: group, prefixLength: nil), default: 0] < limits.perTable
                && counts[Place(group: group, prefixLength: prefixLength), default: 0]
                    < limits.perPrefixLength
        }
    }

    mutating func add(_ groups: Set<IPGroup>, prefixLength: Int) {
        for group in groups {
            counts[Place(group: group, prefixLength: nil), default: 0] += 1
            counts[Place(group: group, prefixLength: prefixLength), default: 0] += 1
        }
    }

    mutating func remove(_ groups: Set<IPGroup>, prefixLength: Int) {
        for group in groups {
            for place in [
                Place(group: group, prefixLength: nil),
                Place(group: group, prefixLength: prefixLength),
            ] {
                guard let count = counts[place] else { continue }
                counts[place] = count > 1 ? count - 1 : nil
            }
        }
    }
}
