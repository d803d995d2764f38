// SPDX-License-Identifier: Apache-2.0

package import Multiformats

/// Where the names in addresses may lead, which depends on who gave the addresses.
///
/// A name looks public whatever it resolves to, so whoever gives one could have a host dial into
/// the private networks around it.
public enum NameReach: Hashable, Sendable {
    /// To the internet alone: for addresses of strangers.
    case internet
    /// Wherever the filter allows: for addresses of the user, or of a peer in a private network.
    case anywhere
}

/// An address whose names are not resolved yet.
package struct NamedAddress: Hashable, Sendable {
    /// The address.
    package let address: Multiaddr
    /// Where its names may lead.
    package let names: NameReach

    /// Puts both together.
    package init(_ address: Multiaddr, names: NameReach) {
        self.address = address
        self.names = names
    }
}
