// SPDX-License-Identifier: Apache-2.0

import CAR
import FileIO
import IPLD
import Multiformats
import Synchronization

/// The file behind an ``ArchiveWriter``.
///
/// Calls may block.
final class ArchiveOutput: Sendable {
    private struct State: ~Copyable {
        var encoder: CARv2Encoder?
        var buffer: [UInt8] = []
        var byteCount: Int64 = 0
        var blockCount = 0
    }

    private static let bufferByteCount = 1 << 20

    private let file: File
    private let path: String?
    private let state: Mutex<State>

    init(path: String?, version: ArchiveWriter.Version, roots: [CID]) throws {
        self.path = path
        if let path { file = try File(path, .create) } else { file = try .standardOutput() }
        var state = State()
        switch version {
        case .v1: state.buffer = CARHeader.encode(roots: roots)
        case .v2:
            var encoder = CARv2Encoder()
            state.buffer = encoder.start(roots: roots)
            state.encoder = encoder
        }
        self.state = Mutex(state)
    }

    func append(_ block: Block) throws {
        try state.withLock { state in
            let prefix =
                state.encoder?.section(block.cid, blockByteCount: block.bytes.count)
                ?? CARSection.prefix(cid: block.cid, blockByteCount: block.bytes.count)
            state.buffer.append(contentsOf: prefix)
            state.buffer.append(contentsOf: block.bytes)
            state.blockCount += 1
            if state.buffer.count >= Self.bufferByteCount { try flush(&state) }
        }
    }

    func finish() throws -> (blocks: Int, bytes: Int64) {
        try state.withLock { state in
            if let encoder = state.encoder.take() {
                let ending = encoder.finish()
                state.buffer.append(contentsOf: ending.index)
                try flush(&state)
                // The header comes last: until then every reader refuses the file.
                try file.synchronize()
                try file.writeAll(ending.header, at: Int64(CARv2Encoder.headerOffset))
            }
            try flush(&state)
            if path != nil { try file.synchronize() }
            return (state.blockCount, state.byteCount)
        }
    }

    func abandon() {
        guard let path, let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else {
            remove(path ?? "", in: ".")
            return
        }
        remove(String(path[path.utf8.index(after: slash)...]), in: String(path[..<slash]))
    }

    private func remove(_ name: String, in directory: String) {
        guard path != nil else { return }
        // Clearing up after another error, which the user hears of; this one would hide it.
        try? Directory(directory.isEmpty ? "/" : directory).remove(Array(name.utf8))
    }

    private func flush(_ state: inout State) throws {
        guard !state.buffer.isEmpty else { return }
        try file.writeAll(state.buffer)
        state.byteCount += Int64(state.buffer.count)
        state.buffer.removeAll(keepingCapacity: true)
    }
}
