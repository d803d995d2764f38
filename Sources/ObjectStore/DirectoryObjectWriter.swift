// SPDX-License-Identifier: Apache-2.0

import FileIO
import Synchronization

/// Writes `KEY.part` under its lock, and gives it its name when it is sealed.
final class DirectoryObjectWriter: UnfinishedObject {
    /// Appends below this are gathered, larger ones are written as they come: copying a frame
    /// costs more than a system call.
    static let bufferByteCount = 64 << 10
    /// How much is written between two hints to the kernel, so that the final sync finds little
    /// left to do.
    static let writebackByteCount: Int64 = 8 << 20

    private struct State {
        var phase = WriterPhase.open
        var buffer: [UInt8] = []
        /// How many bytes were written to the file.
        var written: Int64
        /// Up to where the kernel was asked to write to the device.
        var hinted: Int64
    }

    private let file: File
    private let key: ObjectKey
    private let directory: Directory
    private let state: Mutex<State>

    /// Goes on writing `file`, locked and positioned at `byteCount`, its end.
    init(_ file: consuming File, key: ObjectKey, in directory: Directory, byteCount: Int64) {
        self.file = file
        self.key = key
        self.directory = directory
        self.state = Mutex(State(written: byteCount, hinted: byteCount))
    }

    var byteCount: Int64 { state.withLock { $0.written + Int64($0.buffer.count) } }

    func append(_ bytes: [UInt8]) throws(ObjectStoreError) {
        try step { state throws(IOError) in
            if state.buffer.count + bytes.count > Self.bufferByteCount { try writeBuffer(&state) }
            if bytes.count < Self.bufferByteCount {
                if state.buffer.isEmpty { state.buffer.reserveCapacity(Self.bufferByteCount) }
                state.buffer.append(contentsOf: bytes)
            } else {
                try write(bytes, &state)
            }
        }
    }

    func flush() throws(ObjectStoreError) {
        try step { state throws(IOError) in try writeBuffer(&state) }
    }

    func read(_ byteCount: Int, at offset: Int64) throws(ObjectStoreError) -> [UInt8] {
        try flush()
        do { return try file.readExactly(byteCount, at: offset) } catch {
            throw ObjectStoreError(error, key: key)
        }
    }

    func truncate(to byteCount: Int64) throws(ObjectStoreError) {
        try step { state throws(IOError) in
            try writeBuffer(&state)
            try file.truncate(to: byteCount)
            try file.seek(to: byteCount)
            state.written = byteCount
            state.hinted = min(state.hinted, byteCount)
        }
    }

    /// Syncs the file, renames it, syncs the directory: in that order, so that the name never
    /// stands for bytes that a power loss could take.
    func seal() throws(ObjectStoreError) {
        try step { state throws(IOError) in
            try writeBuffer(&state)
            state.buffer = []
            try file.synchronize()
            try directory.rename(key.partFileName, to: key.fileName)
            try directory.synchronize()
            state.phase = .sealed
        }
    }

    func abandon() {
        state.withLock { state in
            guard state.phase.abandon() else { return }
            state.buffer = []
            // A part that cannot be removed is found again by whoever looks for ownerless parts.
            try? directory.remove(key.partFileName)
        }
    }

    /// Runs one call while the object is open, and keeps the first failure for all later ones.
    private func step(
        _ body: (inout State) throws(IOError) -> Void
    ) throws(ObjectStoreError) {
        try state.withLock { state throws(ObjectStoreError) in
            try state.phase.requireOpen(key)
            do throws(IOError) { try body(&state) } catch {
                throw state.phase.fail(ObjectStoreError(error, key: key))
            }
        }
    }

    private func writeBuffer(_ state: inout State) throws(IOError) {
        if state.buffer.isEmpty { return }
        try write(state.buffer, &state)
        state.buffer.removeAll(keepingCapacity: true)
    }

    private func write(_ bytes: [UInt8], _ state: inout State) throws(IOError) {
        try file.writeAll(bytes)
        state.written += Int64(bytes.count)
        if state.written - state.hinted >= Self.writebackByteCount {
            file.startWriteback(state.hinted..<state.written)
            state.hinted = state.written
        }
    }
}
