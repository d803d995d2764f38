// SPDX-License-Identifier: Apache-2.0

import FileIO

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A command that runs in a process group of its own, so that it can be ended with all that it
/// started.
///
/// Its standard input is empty; what it writes goes to this program's standard error.
struct HookProcess {
    /// How the process ended.
    enum Ending: Hashable, Sendable {
        case exited(Int32)
        case signalled(Int32)
        case timedOut
    }

    /// How long a process that was asked to end may take before it is killed.
    private static let grace = Duration.seconds(5)
    /// How often is looked whether it has ended, at first and at most.
    private static let pauses = (first: Duration.milliseconds(2), last: Duration.milliseconds(100))

    private let processID: pid_t

    /// Starts `command` with `environment` beside this program's own.
    ///
    /// - Throws: `IOError` if there is no such program.
    init(_ command: [String], environment: [(String, String)]) throws(IOError) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, 2, 1)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // This program ignores some signals, and a child would inherit that.
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
        posix_spawnattr_setflags(&attributes, Int16(flags))

        var processID = pid_t()
        let code = Self.withStrings(command) { arguments in
            Self.withStrings(Self.merged(environment)) { variables in
                posix_spawnp(
                    &processID, command[0], &actions, &attributes, arguments, variables)
            }
        }
        guard code == 0 else { throw IOError(errno: code, "run", path: command[0]) }
        self.processID = processID
    }

    /// Waits for the end; ends the process group after `timeout`, or when the task is cancelled.
    ///
    /// - Throws: `CancellationError`.
    func end(within timeout: Duration) async throws -> Ending {
        let limit = ContinuousClock.now + timeout
        var pause = Self.pauses.first
        while true {
            if let ending = poll() { return ending }
            if ContinuousClock.now >= limit {
                await stop()
                return .timedOut
            }
            do { try await Task.sleep(for: pause) } catch {
                await stop()
                throw error
            }
            pause = min(pause * 2, Self.pauses.last)
        }
    }

    /// How the process ended, if it has.
    private func poll() -> Ending? {
        var status: Int32 = 0
        let result = waitpid(processID, &status, WNOHANG)
        if result == 0 || (result < 0 && errno == EINTR) { return nil }
        if result < 0 { return .exited(127) }
        let signal = status & 0x7f
        return signal == 0 ? .exited((status >> 8) & 0xff) : .signalled(signal)
    }

    /// Asks all of the group to end, and kills it after a while.
    private func stop() async {
        kill(-processID, SIGTERM)
        let limit = ContinuousClock.now + Self.grace
        while poll() == nil {
            if ContinuousClock.now >= limit {
                kill(-processID, SIGKILL)
                while poll() == nil { await Self.pause() }
                return
            }
            await Self.pause()
        }
        // The first process is gone; what it left behind goes as well.
        kill(-processID, SIGKILL)
    }

    /// A pause that cancellation does not cut short: the group must be gone in the end.
    private static func pause() async {
        await BlockingPool.shared.run { _ = usleep(5_000) }
    }

    /// This program's variables, with `added` over them.
    private static func merged(_ added: [(String, String)]) -> [String] {
        var variables: [String] = []
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            let name = text.prefix { $0 != "=" }
            if !added.contains(where: { $0.0 == name }) { variables.append(text) }
            next += 1
        }
        return variables + added.map { "\($0.0)=\($0.1)" }
    }

    private static func withStrings<Result>(
        _ texts: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        var pointers = texts.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        return pointers.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else {
                preconditionFailure("the array has at least its end")
            }
            return body(base)
        }
    }
}
