// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats

/// Where somebody is who tells of other peers, which says what addresses are taken from them.
///
/// None that lie nearer to this host than they do: these lead to somebody else, or are told to make
/// this host knock at doors of its own machine and network.
enum Informant: Hashable, Sendable {
    /// On this machine: all addresses are taken.
    case machine
    /// On a network that is not the internet: all but those of loopback.
    case network
    /// On the internet, or who knows where: public addresses alone.
    case internet

    /// Somebody who is met at `address`.
    init(at address: Multiaddr) {
        self = address.isLoopback ? .machine : address.isPrivate ? .network : .internet
    }

    /// Where the names in addresses that are taken may lead.
    var names: NameReach { self == .internet ? .internet : .anywhere }

    /// Whether an address is taken.
    ///
    /// Names of the DNS are: what they lead to is looked at once they are resolved.
    func mayKnow(_ address: Multiaddr) -> Bool {
        switch self {
        case .machine: !address.isUnspecified
        case .network: address.isPublic || (address.isPrivate && !address.isLoopback)
        case .internet: address.isPublic
        }
    }
}
