// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Ctrl-C and SIGTERM cancel the command; a second one ends the program at once.
enum Interrupt {
    /// Runs `body` in a task that the signals cancel.
    static func cancelling(
        _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        signal(SIGPIPE, SIG_IGN)
        // Unstructured: a signal must be able to cancel it; awaited below, so it ends before this.
        let task = Task { try await body() }
        let sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                if task.isCancelled { _exit(Failure.interrupted) }
                task.cancel()
            }
            source.resume()
            return source
        }
        defer { for source in sources { source.cancel() } }
        try await task.value
    }

    /// Runs `body`, which sees to the signals itself; a second one ends the program at once.
    static func exitingAtSecond(_ body: @Sendable () async throws -> Void) async rethrows {
        signal(SIGPIPE, SIG_IGN)
        let count = Atomic(0)
        let sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                if count.wrappingAdd(1, ordering: .relaxed).newValue > 1 {
                    _exit(Failure.interrupted)
                }
            }
            source.resume()
            return source
        }
        defer { for source in sources { source.cancel() } }
        try await body()
    }
}

/// Limits of the process.
enum Limits {
    /// Allows as many open files as the system grants: deep trees keep one per level.
    static func raiseOpenFiles() {
        var limit = rlimit()
        #if canImport(Glibc)
            let resource = __rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue))
        #else
            let resource = RLIMIT_NOFILE
        #endif
        guard getrlimit(resource, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(resource, &limit)  // a lower limit serves all but the deepest trees
    }
}
