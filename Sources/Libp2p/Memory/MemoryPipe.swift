// SPDX-License-Identifier: Apache-2.0

/// One direction of a ``MemoryStream``: a bounded buffer between its writer and its reader.
final class MemoryPipe: Sendable {
    private struct Chunk {
        var bytes: ArraySlice<UInt8>
        /// When the reader may see it; zero on a network without latency.
        var arrival: Duration
    }

    private struct State {
        var chunks: [Chunk] = []
        var byteCount = 0
        /// The writer said that no more comes.
        var isFinished = false
        /// When the reader may see the end.
        var endArrival = Duration.zero
        /// The reader wants no more; what is written is dropped.
        var isDiscarding = false
        var failure: PeerStreamError?

        mutating func append(_ bytes: ArraySlice<UInt8>, arrival: Duration) {
            guard !bytes.isEmpty else { return }
            byteCount += bytes.count
            // Small writes share a chunk, so that there are few however the writer cuts its bytes.
            if let last = chunks.last, last.arrival == arrival, last.bytes.count < 4096 {
                chunks[chunks.count - 1].bytes += bytes
            } else {
                chunks.append(Chunk(bytes: bytes, arrival: arrival))
            }
        }
    }

    private let capacity: Int
    private let latency: Duration
    private let network: MemoryNetwork
    private let state = Monitor(State())

    init(network: MemoryNetwork, capacity: Int, latency: Duration) {
        self.network = network
        self.capacity = capacity
        self.latency = latency
    }

    /// Whether nothing more will come out.
    var hasEnded: Bool {
        state.withLock { state, _ in
            state.failure != nil || state.isDiscarding
                || (state.isFinished && state.chunks.isEmpty)
        }
    }

    func read(atMost limit: Int) async throws -> [UInt8]? {
        precondition(limit > 0, "a read of \(limit) bytes")
        let arrival = try await state.wait(at: .reader) { state, _ -> Duration? in
            if let failure = state.failure { throw failure }
            if let first = state.chunks.first { return first.arrival }
            if state.isDiscarding { throw PeerStreamError.closed }
            return state.isFinished ? state.endArrival : nil
        }
        try await network.sleep(until: arrival)
        return try state.withLock { state, wakes in
            if let failure = state.failure { throw failure }
            guard !state.chunks.isEmpty else { return nil }
            let bytes = Array(state.chunks[0].bytes.prefix(limit))
            state.chunks[0].bytes.removeFirst(bytes.count)
            if state.chunks[0].bytes.isEmpty { state.chunks.removeFirst() }
            state.byteCount -= bytes.count
            wakes.wake(.writer)
            return bytes
        }
    }

    /// Takes as much as there is room for, waits, and goes on until all is taken.
    func write(_ bytes: [UInt8]) async throws {
        var rest = bytes[...]
        repeat {
            let arrival = self.arrival()
            let count = try await state.wait(at: .writer) { state, wakes -> Int? in
                if let failure = state.failure { throw failure }
                if state.isFinished { throw PeerStreamError.closed }
                if state.isDiscarding { return rest.count }
                let room = min(capacity - state.byteCount, rest.count)
                guard room > 0 || rest.isEmpty else { return nil }
                state.append(rest.prefix(room), arrival: arrival)
                wakes.wake(.reader)
                return room
            }
            rest.removeFirst(count)
        } while !rest.isEmpty
    }

    private func arrival() -> Duration { latency == .zero ? .zero : network.now() + latency }

    /// No more is written; what was can still be read.
    func finish() throws(PeerStreamError) {
        let arrival = self.arrival()
        let failure = state.withLock { state, wakes in
            if state.failure == nil, !state.isFinished {
                state.isFinished = true
                state.endArrival = arrival
                wakes.wakeAll()
            }
            return state.failure
        }
        if let failure { throw failure }
    }

    /// No more is read.
    func discard() {
        state.withLock { state, wakes in
            state.isDiscarding = true
            state.chunks = []
            state.byteCount = 0
            wakes.wakeAll()
        }
    }

    func fail(_ error: PeerStreamError) {
        state.withLock { state, wakes in
            if state.failure == nil { state.failure = error }
            state.chunks = []
            state.byteCount = 0
            wakes.wakeAll()
        }
    }
}
