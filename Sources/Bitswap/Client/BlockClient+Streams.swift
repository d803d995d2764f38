// SPDX-License-Identifier: Apache-2.0

import IPLD
import Libp2p
import Logging
import Multiformats
import Synchronization

extension BlockClient {
    /// Keeps connections with a stream for wants from being closed when there are many.
    private static let tag = "bitswap fetches"

    /// Sends a peer what is to be told it, until there is nothing.
    func sendWants(to peer: PeerID) async {
        do {
            while try await sendMessage(to: peer) {}
        } catch let error as HostError where error.code == .unsupportedProtocol {
            let protocols = host.addressBook.protocols(of: peer)
            let speaksRead = protocols.map { $0.contains(.blockRead) } ?? true
            settle(peer) { $0.connected(peer, reach: speaksRead ? .blockRead : .none, now: $1) }
        } catch {
            logger.debug(
                "peer takes no wants", metadata: ["peer": "\(peer)", "error": "\(error)"])
            settle(peer) { $0.failed(peer, now: $1) }
        }
    }

    /// Sends one message; false when there is nothing more to say.
    private func sendMessage(to peer: PeerID) async throws -> Bool {
        guard state.withLock({ Self.hasMessage(for: peer, &$0) }) else { return false }
        let stream = try await outlet(to: peer)
        let version = BitswapVersion(stream.protocolID) ?? .presences
        let now = now()
        let wants = update { state in
            state.outlets[peer]?.lastUsed = now
            return state.machine.takeWants(for: peer, version: version, now: now)
        }
        if wants.isEmpty { return true }
        let bytes = BitswapMessage(wants: wants).framed(version)
        if bytes.count == 1 { return true }
        let id = watch.begin(stream, byteCount: bytes.count)
        defer { watch.end(id) }
        try await stream.write(bytes)
        return true
    }

    /// Whether there is something to say; if not, the sender ends in the same moment.
    private static func hasMessage(for peer: PeerID, _ state: inout State) -> Bool {
        if state.machine.peers[peer]?.hasOutbox == true { return true }
        state.outlets[peer]?.isSending = false
        if state.outlets[peer]?.stream == nil { state.outlets[peer] = nil }
        return false
    }

    /// The stream for wants; a new one is read, too, as some peers answer there.
    private func outlet(to peer: PeerID) async throws -> any PeerStream {
        if let stream = state.withLock({ $0.outlets[peer]?.stream }) { return stream }
        let stream = try await host.openStream(to: peer, for: ProtocolID.bitswap)
        state.withLock { $0.outlets[peer]?.stream = stream }
        host.protect(peer, tag: Self.tag)
        jobs.start { [self] in await readAnswers(on: stream) }
        return stream
    }

    /// The peer cannot be sent to: its stream ends, and the machine is told.
    private func settle(_ peer: PeerID, _ body: (inout ClientMachine, Duration) -> Void) {
        let now = now()
        let stream = update { state in
            let stream = state.outlets.removeValue(forKey: peer)?.stream
            body(&state.machine, now)
            return stream
        }
        host.unprotect(peer, tag: Self.tag)
        stream?.reset()
    }

    /// Reads what a peer answers on the stream that carried the wants.
    ///
    /// Most send nothing there. A peer that ends its half has ended the stream.
    private func readAnswers(on stream: any PeerStream) async {
        let peer = stream.remotePeer
        do {
            try await onAnswers.withLock { $0 }(stream)
            await stream.close()
        } catch { stream.reset() }
        let isGone = state.withLock { state in
            guard state.outlets[peer]?.stream === stream else {
                return state.outlets[peer]?.stream == nil
            }
            state.outlets[peer]?.stream = nil
            if state.outlets[peer]?.isSending == false { state.outlets[peer] = nil }
            return true
        }
        if isGone { host.unprotect(peer, tag: Self.tag) }
    }

    /// Closes streams for wants that were not used for a while, where nothing is due.
    func closeIdleStreams(now: Duration) {
        let streams = state.withLock { state in
            var closed: [any PeerStream] = []
            for (peer, outlet) in state.outlets {
                guard let stream = outlet.stream, !outlet.isSending,
                    now - outlet.lastUsed >= options.idleStream,
                    state.machine.peers[peer]?.live.isEmpty != false
                else { continue }
                closed.append(stream)
                state.outlets[peer] = nil
            }
            return closed
        }
        // Ends the task that reads it, too.
        for stream in streams { stream.reset() }
    }

    /// Reads a block by a stream of its own.
    func read(_ cid: CID, from peer: PeerID) async {
        let now = now
        do {
            let bytes = try await BlockRead.fetch(cid, from: peer, host: host, watch: watch)
            await received([BitswapMessage.Payload(prefix: cid.prefix, bytes: bytes)], from: peer)
        } catch {
            update { $0.machine.readFailed(cid.multihash, from: peer, now: now()) }
        }
    }

    /// Looks for providers, and connects to them as they are found.
    func search(for cid: CID, in session: SessionID) async {
        guard let routing else { return }
        let dials = DialCount { [self] in
            let now = now()
            update { $0.machine.searched(session, now: now) }
        }
        do {
            try await routing.findProviders(
                of: cid.multihash, limit: options.client.providersPerSearch
            ) { [self] provider in
                guard provider.id != host.peerID else { return true }
                dials.begin()
                let isStarted = jobs.start { [self] in
                    await connect(to: provider, of: cid, in: session)
                    dials.end()
                }
                return isStarted && isWanted(cid, in: session)
            }
        } catch {
            logger.debug("no providers", metadata: ["cid": "\(cid)", "error": "\(error)"])
        }
        dials.end()
    }

    private func isWanted(_ cid: CID, in session: SessionID) -> Bool {
        let key = cid.multihash
        return state.withLock { $0.machine.sessions[session]?.wants.contains(key) == true }
    }

    private func connect(to provider: PeerInfo, of cid: CID, in session: SessionID) async {
        do {
            try await host.connect(to: provider.id, at: provider.addresses)
            let now = now()
            let reach = reach(of: provider.id)
            update { state in
                // The host's own word of the connection may still be on its way.
                if state.machine.peers[provider.id] == nil {
                    state.machine.connected(provider.id, reach: reach, now: now)
                }
                state.machine.found(provider.id, for: cid, in: session, now: now)
            }
        } catch {
            logger.debug(
                "provider not reached", metadata: ["peer": "\(provider.id)", "error": "\(error)"])
        }
    }

    /// How blocks are asked of a peer, by the protocols that it says it speaks.
    func reach(of peer: PeerID) -> ClientPeer.Reach {
        guard let protocols = host.addressBook.protocols(of: peer), !protocols.isEmpty else {
            return .bitswap  // not known yet
        }
        if ProtocolID.bitswap.contains(where: protocols.contains) { return .bitswap }
        return protocols.contains(.blockRead) ? .blockRead : .none
    }
}

/// Counts dials of a search, which has ended when all of them have.
private final class DialCount: Sendable {
    /// One for the search itself.
    private let count = Mutex(1)
    private let onEnd: @Sendable () -> Void

    init(onEnd: @escaping @Sendable () -> Void) { self.onEnd = onEnd }

    func begin() { count.withLock { $0 += 1 } }

    func end() {
        let isLast = count.withLock { count in
            count -= 1
            return count == 0
        }
        if isLast { onEnd() }
    }
}
