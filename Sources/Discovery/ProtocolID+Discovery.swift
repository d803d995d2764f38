// SPDX-License-Identifier: Apache-2.0

public import Libp2p

extension ProtocolID {
    /// Rendezvous: peers registered under a namespace.
    public static let rendezvous: ProtocolID = "/rendezvous/1.0.0"
}
