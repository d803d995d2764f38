// SPDX-License-Identifier: Apache-2.0

import BlockStore
import KademliaDHT
import Libp2p
import Multiformats
import Provide
import Synchronization

extension NodeSession {
    func findProviders(_ request: ControlRequest, _ answer: @escaping Answer) async throws {
        let cid = try cid(request.cid)
        let limit = min(max(request.limit ?? 20, 1), 10_000)
        let outcome = Mutex((count: 0, failure: (any Error)?.none))
        try await node.dht.findProviders(of: cid.multihash, limit: limit) { [self] provider in
            do {
                try await report(provider, answer)
                outcome.withLock { $0.count += 1 }
                return true
            } catch {
                outcome.withLock { $0.failure = error }
                return false
            }
        }
        let (count, failure) = outcome.withLock { $0 }
        if let failure { throw failure }
        if count == 0 { throw ControlError(.notFound, "nobody says that they have \(cid)") }
    }

    func findPeer(_ request: ControlRequest, _ answer: @escaping Answer) async throws {
        let peer = try peer(request.peer)
        guard let found = try await node.dht.findPeer(peer) else {
            throw ControlError(.notFound, "nobody knows where \(peer) is")
        }
        try await report(found, answer)
    }

    func query(_ request: ControlRequest, _ answer: @escaping Answer) async throws {
        guard let text = request.key else {
            throw ControlError(.badRequest, "the request names no key")
        }
        // A peer ID as a CID is meant as the peer.
        let key: [UInt8]
        if let peer = try? PeerID(text: text) {  // else it must be a CID
            key = peer.bytes
        } else {
            key = try cid(text).multihash.bytes
        }
        for peer in try await node.dht.closestPeers(to: key) {
            var result = ControlAnswer()
            result.step = LookupStep(
                peer: "\(peer.id)", kind: "closest", addresses: peer.addresses.map { "\($0)" })
            try await answer(result, [])
        }
    }

    func provide(_ request: ControlRequest, _ answer: @escaping Answer) async throws {
        let cid = try cid(request.cid)
        guard try await node.blocks.contains(cid) else {
            throw ControlError(.notFound, "\(cid) is not in the store, so it is not announced")
        }
        let count = try await node.dht.provide(cid.multihash)
        var result = ControlAnswer()
        result.provided = ProvidedReport(cid: "\(cid)", records: count, peers: count)
        try await answer(result, [])
    }

    func provideNow(_ request: ControlRequest, _ answer: @escaping Answer) async throws {
        var result = ControlAnswer()
        if let text = request.cid {
            let cid = try cid(text)
            switch try await node.announcer.announceNow([cid])[0] {
            case .announced(let count):
                result.provided = ProvidedReport(cid: text, records: count, peers: count)
            case .notHeld:
                throw ControlError(
                    .notFound, "\(cid) is not in the store, so it is not announced")
            case .needsNone:
                throw ControlError(
                    .badRequest, "\(cid) holds its own content, or is too long for the DHT")
            case .failed:
                throw ControlError(.failed, "too few peers took a record of \(cid)")
            }
        } else {
            let before = try await node.announcer.status()
            try await node.announcer.announceAll()
            if !node.announces { try await node.announcer.runOnce() }
            let after = try await node.announcer.status()
            result.provided = ProvidedReport(
                cid: nil, records: after.recordCount - before.recordCount, peers: 0,
                goesOn: node.announces)
        }
        try await answer(result, [])
    }

    func provideStatus(_ answer: @escaping Answer) async throws {
        var result = ControlAnswer()
        result.status = AnnounceReport(
            try await node.announcer.status(), announces: node.announces)
        try await answer(result, [])
    }
}

extension AnnounceReport {
    /// What an announcer tells of itself, and whether it is one that runs.
    init(_ status: ProvideStatus, announces: Bool) {
        self.init(
            strategy: announces ? status.strategy : "none",
            connectivity: status.connectivity, total: status.keyCount, done: status.doneCount,
            due: status.dueCount, fresh: status.freshCount, failing: status.failingCount,
            waitingPacks: Int(status.waitingPackCount), regions: status.regionCount,
            runningRegions: status.runningCount, failingRegions: status.failingRegionCount,
            recordsPerSecond: status.recordsPerSecond, records: status.recordCount,
            lookups: status.lookupCount, cycleEnd: status.cycleEnd,
            lateSeconds: status.lateSeconds, warning: status.warning, errors: status.errors)
    }
}
