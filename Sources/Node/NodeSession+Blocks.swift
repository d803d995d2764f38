// SPDX-License-Identifier: Apache-2.0

import Bitswap
import BlockStore
import IPLD
import Multiformats

extension NodeSession {
    /// Hands out blocks in the order in which they are found.
    func blocks(_ request: ControlRequest, _ answer: @escaping Answer) async throws {
        let texts = request.cids ?? []
        guard !texts.isEmpty, texts.count <= ControlRequest.maximumCIDCount else {
            throw ControlError(
                .badRequest, "give 1 to \(ControlRequest.maximumCIDCount) CIDs, not \(texts.count)")
        }
        let cids = try texts.map { try cid($0) }
        let source = request.ahead == true ? ahead : found
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, cid) in cids.enumerated() {
                if index >= Self.blockWidth { try await group.next() }
                group.addTask { try await Self.block(cid, index, source, answer) }
            }
            try await group.waitForAll()
        }
    }

    private static func block(
        _ cid: CID, _ index: Int, _ source: NetworkBlocks, _ answer: @escaping Answer
    ) async throws {
        var result = ControlAnswer()
        do {
            let block = try await source.block(cid)
            result.block = BlockReport(index: index, byteCount: block.bytes.count)
            try await answer(result, block.bytes)
        } catch let error as BlockStoreError {
            let code: ControlError.Code = error.code == .notFound ? .notFound : .failed
            result.block = BlockReport(
                index: index, byteCount: 0, error: ControlError(code, error.message))
            try await answer(result, [])
        }
    }
}
