// SPDX-License-Identifier: Apache-2.0

public import Libp2p
import Synchronization

extension SocketHost {
    /// The protocols that are answered, in no order.
    public var protocols: Set<ProtocolID> { state.withLock { $0.handlers.protocols } }
}
