// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Foundation
import NIOHTTP1
import ObjectStore
import Synchronization

@testable import S3

/// A bucket in memory behind a server that fails as planned, and that looks at each request whether
/// a complete copy of the pack is where it must be.
final class MoveServer: Sendable {
    private struct State {
        var number = 0
        var hitCount = 0
        var isHealed = false
        var expected: (name: String, bytes: [UInt8], work: MoveTrial.Work)?
        var gaps: [String] = []
    }

    let bucket = MemoryBucket()
    private let plan: MoveTrial.Plan?
    private let repository: String
    private let state = Mutex(State())
    private let server = Mutex<FaultServer?>(nil)

    init(_ plan: MoveTrial.Plan?, hot repository: String) throws {
        self.plan = plan
        self.repository = repository
        let started = try FaultServer(interrupt: { [weak self] in self?.begins($0) ?? false }) {
            [weak self] in self?.respond($0) ?? .cut
        }
        server.withLock { $0 = started }
    }

    /// The requests so far.
    var requests: [ReceivedRequest] { server.withLock { $0 }?.requests ?? [] }
    /// How many requests failed as planned.
    var hitCount: Int { state.withLock { $0.hitCount } }
    /// Requests at which the complete copy that there must be was not there.
    var gaps: [String] { state.withLock { $0.gaps } }

    /// From now on nothing fails.
    func heal() {
        state.withLock { state in
            state.isHealed = true
            state.expected = nil
        }
    }

    /// Watches over a pack that is moved.
    func expect(_ id: PackID, _ bytes: [UInt8], _ work: MoveTrial.Work) {
        state.withLock { $0.expected = ("\(id).car.zst", bytes, work) }
    }

    /// A client that is impatient.
    func store() throws(ObjectStoreError) -> S3ObjectStore {
        var retry = S3Options.Retry()
        retry.attemptCount = 3
        retry.firstDelay = .milliseconds(1)
        retry.longestDelay = .milliseconds(4)
        var transfer = S3Options.Transfer()
        transfer.partByteCount = 5 << 20
        // So that requests come in one order.
        transfer.concurrentPartCount = 1
        var timeouts = S3Options.Timeouts()
        timeouts.idle = plan?.fault == .silence ? .seconds(5) : .seconds(60)
        do throws(S3OptionsError) {
            return try S3ObjectStore(
                S3Options(
                    bucket: "packs", prefix: "home",
                    endpoint: "http://127.0.0.1:\(server.withLock { $0 }?.port ?? 0)",
                    credentials: .values(.test), transfer: transfer, retry: retry,
                    timeouts: timeouts), environment: [:])
        } catch {
            throw ObjectStoreError(.other, key: nil, message: "\(error)", cause: error)
        }
    }

    /// Counts a request; whether it is cut off while its body comes.
    private func begins(_ head: HTTPRequestHead) -> Bool {
        let isStruck = state.withLock { [plan] state in
            state.number += 1
            return Self.isStruck(state, plan)
        }
        guard isStruck, plan?.fault == .cutUpload else { return false }
        state.withLock { $0.hitCount += 1 }
        return true
    }

    private static func isStruck(_ state: State, _ plan: MoveTrial.Plan?) -> Bool {
        guard let plan, !state.isHealed else { return false }
        return plan.lasts ? state.number >= plan.number : state.number == plan.number
    }

    private func respond(_ request: ReceivedRequest) -> ServerReply {
        check(request)
        let isStruck = state.withLock { [plan] in Self.isStruck($0, plan) }
        guard isStruck, let plan, plan.fault.strikes(request) else {
            return bucket.respond(request)
        }
        state.withLock { $0.hitCount += 1 }
        return plan.fault.reply(request, bucket)
    }

    /// Before anything is deleted the pack is whole where it was, and then also where it goes.
    private func check(_ request: ReceivedRequest) {
        guard let (name, bytes, work) = state.withLock({ $0.expected }) else { return }
        let isDeletion = request.method == "DELETE" && request.query.isEmpty
        let isWhole: Bool
        if work == .move || isDeletion && request.path.hasSuffix(name) {
            let file = URL(filePath: "\(repository)/packs/hot/\(name)")
            // Not there is not whole.
            isWhole = (try? Data(contentsOf: file)).map { [UInt8]($0) == bytes } ?? false
        } else {
            isWhole = bucket.object("home/\(name)") == bytes
        }
        guard !isWhole else { return }
        state.withLock { $0.gaps.append("\(request.method) \(request.uri)") }
    }
}
