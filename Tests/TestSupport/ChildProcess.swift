// SPDX-License-Identifier: Apache-2.0

import Foundation

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A program that runs beside the tests.
///
/// Foundation's `Process` crashes now and then in programs with many threads; this only spawns.
struct ChildProcess: Sendable {
    private let id: pid_t

    /// Starts the program with `files` as its descriptors 0, 1, and so on.
    ///
    /// - Throws: the `errno` as a `POSIXError`.
    init(
        _ path: String, _ arguments: [String], environment: [String],
        files: [(path: String, flags: Int32)]
    ) throws {
        #if canImport(Glibc)
            var actions = posix_spawn_file_actions_t()
            var attributes = posix_spawnattr_t()
        #else
            var actions: posix_spawn_file_actions_t?
            var attributes: posix_spawnattr_t?
        #endif
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        for (descriptor, file) in files.enumerated() {
            posix_spawn_file_actions_addopen(
                &actions, Int32(descriptor), file.path, file.flags, 0o600)
        }
        // The threads of the runtime block signals, which the program must get all the same.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))

        let words = ([path] + arguments).map { strdup($0) } + [nil]
        let variables = environment.map { strdup($0) } + [nil]
        defer { for text in words + variables { free(text) } }
        var id = pid_t()
        let result = posix_spawn(&id, path, &actions, &attributes, words, variables)
        guard result == 0 else { throw POSIXError(POSIXErrorCode(rawValue: result) ?? .EIO) }
        self.id = id
    }

    /// Sends a signal; nobody may have waited for the end before.
    func signal(_ number: Int32) { kill(id, number) }

    /// Waits for its end: the exit code, or the signal's number plus 128.
    func end() async -> Int32 {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { [id] in
                var status: Int32 = 0
                while waitpid(id, &status, 0) < 0, errno == EINTR {}
                let signal = status & 0x7f
                continuation.resume(returning: signal == 0 ? (status >> 8) & 0xff : 128 + signal)
            }
        }
    }
}
