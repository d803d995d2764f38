// SPDX-License-Identifier: Apache-2.0

public import Multiformats
import Synchronization

/// A network inside the process: hosts that reach each other without sockets, handshakes or
/// encryption, for tests and simulation of what runs on a ``Host``.
///
/// Dialling finds a host by its address, as it would outside, so addresses must be learnt; streams
/// have windows, and a writer is suspended when one is full. Latency and failures are what the
/// hooks say. The network keeps its hosts until they are closed.
public final class MemoryNetwork: Sendable {
    /// What is about to be done, for ``setFault(_:)``.
    public enum Attempt: Hashable, Sendable {
        /// One peer dials another.
        case dial(from: PeerID, to: PeerID)
        /// One peer opens a stream to another that it is connected to.
        case stream(from: PeerID, to: PeerID, protocols: [ProtocolID])
    }

    /// What the network knows of a host.
    struct Record: Sendable {
        let host: MemoryHost
        var addresses: [Multiaddr]
        var handlers = StreamHandlers()
        var links: [PeerID: MemoryLink] = [:]
        var protections: [PeerID: Set<String>] = [:]
    }

    struct State: Sendable {
        var records: [PeerID: Record] = [:]
        var byAddress: [Multiaddr: PeerID] = [:]
        var lastAddress: UInt64 = 0
        var latency: (@Sendable (PeerID, PeerID) -> Duration)?
        var fault: (@Sendable (Attempt) -> HostError?)?
    }

    /// How many bytes of one direction of a stream may be unread before its writer waits.
    public let windowByteCount: Int
    let now: @Sendable () -> Duration
    private let sleep: @Sendable (Duration) async throws -> Void
    let state = Mutex(State())

    /// An empty network, with Yamux's window unless told otherwise; latencies pass on `clock`.
    public init(
        clock: some Clock<Duration> = ContinuousClock(), windowByteCount: Int = 256 * 1024
    ) {
        precondition(windowByteCount > 0, "a window of \(windowByteCount) bytes")
        self.windowByteCount = windowByteCount
        now = ElapsedTime(clock).now
        sleep = { try await clock.sleep(for: $0) }
    }

    /// Adds a host, which listens on `addresses`, or on a fresh `/memory/n` if there are none.
    ///
    /// Any addresses will do: they are names here. Those of a host added later win.
    public func makeHost(
        _ peer: PeerID, addresses: [Multiaddr] = [], addressBook: AddressBook = AddressBook()
    ) -> MemoryHost {
        let host = MemoryHost(peer, network: self, addressBook: addressBook)
        state.withLock { state in
            precondition(state.records[peer] == nil, "\(peer) is in the network already")
            var own = addresses
            if own.isEmpty {
                state.lastAddress += 1
                own = [Multiaddr(components: [.memory(state.lastAddress)])]
            }
            state.records[peer] = Record(host: host, addresses: own)
            for address in own { state.byAddress[address] = peer }
        }
        return host
    }

    /// Sets how long bytes take from one peer to another; nil, as at the start, is no time.
    ///
    /// A dial takes two round trips, opening a stream one. Applies to what is opened from now on.
    public func setLatency(_ latency: (@Sendable (PeerID, PeerID) -> Duration)?) {
        state.withLock { $0.latency = latency }
    }

    /// Sets who says which attempts fail, and how; nil, as at the start, is none.
    public func setFault(_ fault: (@Sendable (Attempt) -> HostError?)?) {
        state.withLock { $0.fault = fault }
    }

    /// Cuts the connection between two peers, if there is one, as a broken cable would.
    public func cut(_ first: PeerID, _ second: PeerID) {
        let ended = state.withLock { state -> (MemoryLink, [MemoryHost])? in
            guard let link = state.records[first]?.links.removeValue(forKey: second) else {
                return nil
            }
            state.records[second]?.links[first] = nil
            let ends = [(first, second), (second, first)].compactMap { near, far in
                state.records[near].map { ($0.host, far) }
            }
            for (host, far) in ends {
                host.addressBook.disconnected(far)
                host.observers.enqueue(.disconnected(far))
            }
            return (link, ends.map(\.0))
        }
        guard let (link, hosts) = ended else { return }
        link.cut()
        for host in hosts { host.observers.deliver() }
    }

    /// The hosts that have not been closed, in no order.
    public var hosts: [MemoryHost] { state.withLock { $0.records.values.map(\.host) } }

    func latency(from near: PeerID, to far: PeerID) -> Duration {
        let latency = state.withLock { $0.latency }
        return latency?(near, far) ?? .zero
    }

    func check(_ attempt: Attempt) throws(HostError) {
        let fault = state.withLock { $0.fault }
        if let error = fault?(attempt) { throw error }
    }

    func pause(_ duration: Duration) async throws {
        if duration > .zero { try await sleep(duration) }
    }

    func sleep(until instant: Duration) async throws {
        if instant > .zero { try await pause(instant - now()) }
    }
}
