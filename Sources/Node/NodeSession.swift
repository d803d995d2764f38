// SPDX-License-Identifier: Apache-2.0

import Bitswap
import KademliaDHT
import Libp2p
import Multiformats
import Provide

/// Does what is asked of a node.
final class NodeSession: ControlSession {
    /// Blocks of one request that are looked for at once.
    static let blockWidth = 32

    typealias Answer = @Sendable (ControlAnswer, [UInt8]) async throws -> Void

    let node: Node
    /// The blocks of the store and of peers, with what was learnt of peers in this session.
    let found: NetworkBlocks
    /// The same for whoever reads a whole DAG.
    let ahead: NetworkBlocks

    /// A session of `node`.
    init(_ node: Node, blocks: NetworkBlocks, ahead: NetworkBlocks) {
        self.node = node
        found = blocks
        self.ahead = ahead
    }

    /// As in ``ControlSession``.
    func perform(_ request: ControlRequest, _ answer: @escaping Answer) async throws {
        guard let command = ControlRequest.Command(rawValue: request.command) else {
            throw ControlError(.badRequest, "this node knows no command \(request.command)")
        }
        do {
            try await perform(command, request, answer)
        } catch let error as HostError {
            throw ControlError(error.code == .noAddress ? .notFound : .failed, "\(error)")
        } catch let error as DHTError {
            throw ControlError(.failed, "\(error)")
        }
    }

    private func perform(
        _ command: ControlRequest.Command, _ request: ControlRequest, _ answer: @escaping Answer
    ) async throws {
        switch command {
        case .identity:
            var result = ControlAnswer()
            result.identity = node.report
            try await answer(result, [])
        case .connect: try await connect(request, answer)
        case .disconnect: await node.host.disconnect(from: try peer(request.peer))
        case .peers:
            for peer in node.host.connectedPeers.sorted() { try await report(peer, answer) }
        case .addresses:
            let peers = try request.peer.map { [try peer($0)] } ?? node.host.addressBook.peers()
            for peer in peers.sorted() { try await report(peer, answer) }
        case .ping: try await ping(request, answer)
        case .provide: try await provide(request, answer)
        case .findProviders: try await findProviders(request, answer)
        case .findPeer: try await findPeer(request, answer)
        case .query: try await query(request, answer)
        case .provideStatus: try await provideStatus(answer)
        case .provideNow: try await provideNow(request, answer)
        case .blocks: try await blocks(request, answer)
        }
    }

    private func connect(_ request: ControlRequest, _ answer: Answer) async throws {
        let target = try address(request.address)
        try await node.host.connect(to: target.id, at: target.addresses, names: .anywhere)
        try await report(target.id, answer)
    }

    private func ping(_ request: ControlRequest, _ answer: Answer) async throws {
        let target = try address(request.peer)
        let count = min(max(request.count ?? 1, 1), 1000)
        let limit = Duration.seconds(min(max(request.timeoutSeconds ?? 10, 1), 3600))
        for number in 1...count {
            if number > 1 { try await Task.sleep(for: .milliseconds(200)) }
            let time = try await node.ping(target, within: limit)
            var result = ControlAnswer()
            result.ping = PingReport(number: number, seconds: time / .seconds(1))
            try await answer(result, [])
        }
    }

    func report(_ peer: PeerID, _ answer: Answer) async throws {
        var result = ControlAnswer()
        result.peer = node.report(of: peer)
        try await answer(result, [])
    }

    func report(_ peer: PeerInfo, _ answer: Answer) async throws {
        var result = ControlAnswer()
        result.peer = PeerReport(
            id: "\(peer.id)", addresses: peer.addresses.map { "\($0)" },
            connected: node.host.isConnected(to: peer.id))
        try await answer(result, [])
    }
}

// Arguments.
extension NodeSession {
    /// A peer ID, or the one at the end of a multiaddr.
    func peer(_ text: String?) throws(ControlError) -> PeerID { try address(text).id }

    /// A multiaddr that ends in a peer ID, or a peer ID alone.
    func address(_ text: String?) throws(ControlError) -> PeerInfo {
        guard let text else { throw ControlError(.badRequest, "the request names no peer") }
        guard text.hasPrefix("/") else {
            do { return PeerInfo(id: try PeerID(text: text), addresses: []) } catch {
                throw ControlError(.badRequest, "\(text) is no peer ID: \(error)")
            }
        }
        do { return try NodeOptions.peer(text, place: "address") } catch {
            throw ControlError(.badRequest, error.message)
        }
    }

    /// A CID.
    func cid(_ text: String?) throws(ControlError) -> CID {
        guard let text else { throw ControlError(.badRequest, "the request names no CID") }
        do { return try CID(text: text) } catch {
            throw ControlError(.badRequest, "\(text) is no CID: \(error)")
        }
    }
}
