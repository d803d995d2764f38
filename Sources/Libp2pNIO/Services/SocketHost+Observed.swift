// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats
import Synchronization

extension SocketHost {
    /// Weighs where the peer of a connection says that it sees this host.
    func note(_ observed: Multiaddr, from connection: SocketConnection) {
        state.withLock { state in
            // Nobody would say of one that is over already that it ended.
            guard state.table[connection.id] != nil else { return }
            state.observed.note(
                observed, over: connection.id, at: connection.remoteAddress,
                isInbound: connection.isInbound)
        }
        updateAddresses()
    }

    /// Adds where peers see this host to what it says of itself, and tells peers if that changes.
    ///
    /// Addresses that the user announces stay the only ones. What changes too often waits for the
    /// next call.
    func updateAddresses() {
        guard options.announcedAddresses.isEmpty else { return }
        let now = time.now()
        let isChanged = state.withLock { state in
            guard state.phase == .running else { return false }
            let own = state.ownAddresses
            let observed = state.observed.addresses(at: now)
                .filter { options.filter.allows($0) && !own.contains($0) }
            guard own + observed != state.addresses, state.addressChanges.take(now: now) else {
                return false
            }
            state.addresses = own + observed
            observers.enqueue(.addressesChanged)
            return true
        }
        guard isChanged else { return }
        observers.deliver()
        pushIdentify()
    }
}
