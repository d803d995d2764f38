// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Threads for work that blocks in system calls, so that the cooperative pool never waits.
///
/// A task that prefers this executor (`withTaskExecutorPreference`) runs here whole; a single
/// blocking call comes here through ``run(_:)``.
public final class BlockingPool: TaskExecutor {
    /// The pool of the process, made on first use: 16 threads, most of which sleep.
    public static let shared = BlockingPool(width: 16)
    /// Threads for work that nobody waits for: it takes the processor time that all others leave.
    public static let background = BlockingPool(width: 2, niceness: 19)

    private struct Queue {
        var jobs: [UnownedJob] = []
        var head = 0

        mutating func pop() -> UnownedJob? {
            guard head < jobs.count else { return nil }
            let job = jobs[head]
            head += 1
            if head == jobs.count {
                jobs.removeAll(keepingCapacity: true)
                head = 0
            }
            return job
        }
    }

    private let queue = Mutex(Queue())
    private let ready = DispatchSemaphore(value: 0)

    /// Starts `width` threads, which live as long as the process.
    ///
    /// - Parameter niceness: 0 for threads like all others, up to 19 for the least processor time;
    ///   Linux alone has it per thread, elsewhere it changes nothing.
    public init(width: Int, niceness: Int32 = 0) {
        precondition(width > 0, "a pool needs threads, not \(width)")
        for _ in 0..<width {
            startThread { [self] in
                if niceness > 0 { Machine.lowerThreadPriority(to: niceness) }
                serve()
            }
        }
    }

    /// Queues a job for the next free thread.
    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.withLock { $0.jobs.append(job) }
        ready.signal()
    }

    /// Runs `body` on a thread of the pool and returns its result.
    ///
    /// - Throws: what `body` throws.
    public func run<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await withTaskExecutorPreference(self) { try await Self.call(body) }
    }

    /// Runs `body` on a thread of the pool and returns its result.
    public func run<Result: Sendable>(
        _ body: @escaping @Sendable () -> Result
    ) async -> Result {
        await withTaskExecutorPreference(self) { await Self.call(body) }
    }

    @concurrent
    private static func call<Result: Sendable>(
        _ body: @Sendable () throws -> Result
    ) async rethrows -> Result { try body() }

    private func serve() {
        let executor = unsafe asUnownedTaskExecutor()
        while true {
            ready.wait()
            if let job = queue.withLock({ $0.pop() }) {
                unsafe job.runSynchronously(on: executor)
            }
        }
    }
}

/// Carries a closure through the C argument of a thread.
private final class Box: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

/// Starts a detached thread that runs `body`.
private func startThread(_ body: @escaping @Sendable () -> Void) {
    var thread = pthread_t()
    let box = unsafe Unmanaged.passRetained(Box(body)).toOpaque()
    let run: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { box in
        guard let box = unsafe box else { return nil }
        unsafe Unmanaged<Box>.fromOpaque(box).takeRetainedValue().body()
        return nil
    }
    let result = unsafe pthread_create(&thread, nil, run, box)
    precondition(result == 0, "pthread_create failed with errno \(result)")
    pthread_detach(thread)
}
