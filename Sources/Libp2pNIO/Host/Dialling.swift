// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats
import NIOCore
import Pipeline
import Synchronization

/// An address with a number in the place of the name, ready to be dialled.
struct DialTarget: Hashable, Sendable {
    /// The whole address, as the connection will show it.
    let address: Multiaddr
    let ip: [UInt8]
    let port: UInt16
    let transport: TransportAddress.Transport
    /// The server as HTTP names it.
    let authority: String

    /// Which are dialled first: this machine, then the own network, then the internet; TCP before
    /// WebSocket.
    var rank: Int {
        let reach = address.isLoopback ? 0 : address.isPrivate ? 2 : 4
        return transport == .tcp ? reach : reach + 1
    }
}

/// Dials a peer at several addresses, staggered, until one answers.
struct Dialling: Sendable {
    private enum Outcome: Sendable {
        case connected
        case failed(DialTarget, any Error)
        case staggered
    }

    private let host: SocketHost
    private let peer: PeerID
    private let targets: [DialTarget]

    init(_ host: SocketHost, peer: PeerID, targets: [DialTarget]) {
        self.host = host
        self.peer = peer
        self.targets = targets
    }

    /// Dials until there is a connection; what is still under way then is given up.
    ///
    /// - Throws: ``HostError`` with `wrongPeer`, `dialFailed` or what one dial alone says;
    ///   `CancellationError`.
    func run() async throws {
        let width = host.options.limits.dialsPerPeer
        var failures: [any Error] = []
        let isConnected = try await withThrowingTaskGroup(of: Outcome.self) { group in
            defer { group.cancelAll() }
            var rest = targets[...]
            var inFlight = 0
            func startNext() {
                guard inFlight < width, let target = rest.popFirst() else { return }
                inFlight += 1
                group.addTask { await dial(target) }
            }
            func startTimer() {
                if !rest.isEmpty { group.addTask { await stagger() } }
            }
            startNext()
            startTimer()
            while inFlight > 0, let outcome = try await group.next() {
                switch outcome {
                case .connected: return true
                case .failed(let target, let error):
                    inFlight -= 1
                    note(failure: error, of: target)
                    failures.append(error)
                    startNext()
                case .staggered:
                    startNext()
                    startTimer()
                }
            }
            return false
        }
        try Task.checkCancellation()
        if !isConnected { throw summary(failures) }
    }

    private func dial(_ target: DialTarget) async -> Outcome {
        do {
            try await host.dialPermits.acquire(1)
            defer { host.dialPermits.release(1) }
            try await host.dial(peer, at: target)
            host.state.withLock { $0.backOff.succeeded(DialBackOff.Key(peer, at: target.address)) }
            return .connected
        } catch { return .failed(target, error) }
    }

    private func stagger() async -> Outcome {
        // If it is cut short, then because nothing more is to be started.
        try? await ContinuousClock().sleep(for: host.options.timeouts.dialStagger)
        return .staggered
    }

    /// Lets the address wait, unless the failure says nothing of it.
    private func note(failure: any Error, of target: DialTarget) {
        if failure is CancellationError || Task.isCancelled { return }
        if let error = failure as? HostError, error.code == .limit || error.code == .closed {
            return
        }
        let now = host.time.now()
        host.state.withLock {
            $0.backOff.failed(DialBackOff.Key(peer, at: target.address), now: now)
        }
    }

    private func summary(_ failures: [any Error]) -> HostError {
        let errors = failures.compactMap { $0 as? HostError }
        if let wrong = errors.first(where: { $0.code == .wrongPeer }) { return wrong }
        if failures.count == 1, let only = errors.first, only.code != .connectionClosed {
            return HostError(only.code, peer: peer, only.message)
        }
        let texts = failures.prefix(4).map { "\($0)" }.joined(separator: "; ")
        return HostError(.dialFailed, peer: peer, "all \(failures.count) dials failed: \(texts)")
    }
}

/// One dial, which can be given up at any time.
final class DialAttempt: Sendable {
    private struct State {
        var channel: (any Channel)?
        var isCancelled = false
    }

    private let state = Mutex(State())

    /// Says what to close when it is given up.
    ///
    /// - Throws: `CancellationError` if it was already.
    func start(_ channel: any Channel) throws {
        try state.withLock { state in
            if state.isCancelled { throw CancellationError() }
            state.channel = channel
        }
    }

    func cancel() {
        let channel = state.withLock { state in
            state.isCancelled = true
            return state.channel
        }
        channel?.close(promise: nil)
    }
}
