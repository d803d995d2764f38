// SPDX-License-Identifier: Apache-2.0

import NIOCore
import ObjectStore
import Synchronization

/// Gathers an object and stores it whole, or in parts once it is larger than one.
final class S3ObjectWriter: ObjectWriter {
    private struct PendingPart {
        let number: Int
        let payload: Payload
        let exchange: Exchange
    }

    private struct State {
        var phase = WriterPhase.open
        /// The bytes behind the last part that was sent.
        var buffer = ByteBuffer()
        var byteCount: Int64 = 0
        var upload: String?
        /// Sent, and not yet answered; oldest first.
        var pending: [PendingPart] = []
        var parts: [UploadedPart] = []
        var isReleased = false
    }

    private let key: ObjectKey
    private let client: S3Client
    /// Called once, when the key is not written any more.
    private let release: @Sendable () -> Void
    private let state = Mutex(State())

    init(_ key: ObjectKey, _ client: S3Client, release: @escaping @Sendable () -> Void) {
        self.key = key
        self.client = client
        self.release = release
    }

    deinit {
        state.withLock { state in for part in state.pending { part.exchange.cancel() } }
        releaseKey()
    }

    /// Says that the key is not written any more, once: later it may be another writer's.
    private func releaseKey() {
        let isFirst = state.withLock { state in
            defer { state.isReleased = true }
            return !state.isReleased
        }
        if isFirst { release() }
    }

    var byteCount: Int64 { state.withLock { $0.byteCount } }

    private var partByteCount: Int { client.options.transfer.partByteCount }

    /// Copies `bytes` into the buffer, and sends parts that are full.
    func append(_ bytes: [UInt8]) throws(ObjectStoreError) {
        try step { state throws(ObjectStoreError) in
            var rest = bytes[...]
            while !rest.isEmpty {
                // Not before more comes: an object of one part's size is put whole.
                if state.buffer.readableBytes == partByteCount { try sendPart(&state) }
                let piece = rest.prefix(partByteCount - state.buffer.readableBytes)
                state.buffer.writeBytes(piece)
                rest = rest.dropFirst(piece.count)
            }
            state.byteCount += Int64(bytes.count)
        }
    }

    /// Does nothing: less than a part cannot be sent.
    func flush() throws(ObjectStoreError) { try step { _ in } }

    /// Sends what is left, and checks that the server then has as many bytes as were appended.
    func seal() throws(ObjectStoreError) {
        try step { state throws(ObjectStoreError) in
            let tag: String?
            if let upload = state.upload {
                try sendPart(&state)
                while !state.pending.isEmpty { try awaitPart(&state) }
                tag = try client.completeUpload(
                    upload, of: key, state.parts, byteCount: state.byteCount)
            } else {
                tag = try client.put(key, Payload(state.buffer))
            }
            state.buffer = ByteBuffer()
            try verify(state.byteCount, tag)
            state.phase = .sealed
        }
        releaseKey()
    }

    private func verify(_ byteCount: Int64, _ tag: String?) throws(ObjectStoreError) {
        let head = try client.head(key)
        let isSame = tag == nil || head.entityTag.map(S3Client.bare) == tag.map(S3Client.bare)
        guard head.byteCount == byteCount, isSame else {
            throw ObjectStoreError(
                .unverified, key: key,
                message: "\(key): the server has \(head.byteCount) bytes with the tag "
                    + "\(head.entityTag ?? "none"), stored were \(byteCount) with \(tag ?? "none");"
                    + " check the server, and try again")
        }
    }

    /// Removes the parts that were sent; an object that may be stored already stays.
    func abandon() {
        let upload: String? = state.withLock { state in
            guard state.phase.abandon() else { return nil }
            state.buffer = ByteBuffer()
            for part in state.pending { part.exchange.cancel() }
            state.pending = []
            return state.upload
        }
        // An upload that cannot be removed now is when it is old.
        if let upload { try? client.abortUpload(upload, of: key) }
        releaseKey()
    }

    /// Sends the buffer as the next part, once fewer than the allowed number are on their way.
    private func sendPart(_ state: inout State) throws(ObjectStoreError) {
        let upload: String
        if let begun = state.upload {
            upload = begun
        } else {
            upload = try client.beginUpload(key)
            state.upload = upload
        }
        while state.pending.count >= client.options.transfer.concurrentPartCount {
            try awaitPart(&state)
        }
        let number = state.parts.count + state.pending.count + 1
        guard number <= S3Client.partLimit else {
            throw ObjectStoreError(
                .other, key: key,
                message:
                    "\(key) has more than \(S3Client.partLimit) parts of \(partByteCount) bytes; "
                    + "make parts larger")
        }
        let payload = Payload(state.buffer)
        state.buffer = ByteBuffer()
        // More than a part is to come: no growing step by step again.
        state.buffer.reserveCapacity(partByteCount)
        let exchange = client.beginPart(number, payload, of: key, upload: upload)
        state.pending.append(PendingPart(number: number, payload: payload, exchange: exchange))
    }

    /// Waits for the oldest part on its way.
    private func awaitPart(_ state: inout State) throws(ObjectStoreError) {
        let part = state.pending.removeFirst()
        let response = try part.exchange.response()
        state.parts.append(
            UploadedPart(
                number: part.number, entityTag: response.entityTag ?? "", md5: part.payload.md5,
                sha256: response.header("x-amz-checksum-sha256")))
    }

    /// Runs one call while the object is open, and keeps the first failure for all later ones.
    private func step(
        _ body: (inout State) throws(ObjectStoreError) -> Void
    ) throws(ObjectStoreError) {
        try state.withLock { state throws(ObjectStoreError) in
            try state.phase.requireOpen(key)
            do throws(ObjectStoreError) { try body(&state) } catch {
                for part in state.pending { part.exchange.cancel() }
                state.pending = []
                state.buffer = ByteBuffer()
                throw state.phase.fail(error)
            }
        }
    }
}
