// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A program that runs while a test does other things: lines in, lines out, and signals.
///
/// Killed with its last reference, if it has not ended by then.
public final class RunningCommand: Sendable {
    private let files: TemporaryDirectory
    private let child: ChildProcess
    private let input: Int32
    private let lines = LineQueue()
    private let status = Mutex<Int32?>(nil)

    /// Starts the program.
    ///
    /// - Throws: the `errno` as a `POSIXError`, or an error of Foundation.
    public init(_ command: Command, _ arguments: [String]) throws {
        files = try TemporaryDirectory()
        let (inputPath, outputPath) = (files.path("input"), files.path("output"))
        let errorsPath = files.path("errors")
        for path in [inputPath, outputPath] {
            guard mkfifo(path, 0o600) == 0 else { throw POSIXError(.EIO) }
        }
        try Data().write(to: URL(filePath: errorsPath))
        // Open at this end first, or the child would wait for somebody at the other one.
        input = open(inputPath, O_RDWR | O_CLOEXEC)
        let output = open(outputPath, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard input >= 0, output >= 0 else { throw POSIXError(.EIO) }
        let environment = ProcessInfo.processInfo.environment
            .merging(command.environment) { _, ours in ours }
        child = try ChildProcess(
            command.executable.path, arguments, environment: environment.map { "\($0)=\($1)" },
            files: [
                (inputPath, O_RDONLY), (outputPath, O_WRONLY), (errorsPath, O_WRONLY | O_APPEND),
            ])
        _ = fcntl(output, F_SETFL, 0)
        let lines = lines
        Thread.detachNewThread { Self.read(output, into: lines) }
    }

    deinit {
        if status.withLock({ $0 }) == nil { child.signal(SIGKILL) }
        close(input)
    }

    private static func read(_ descriptor: Int32, into lines: LineQueue) {
        var rest = Data()
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = systemRead(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            rest.append(contentsOf: buffer[..<count])
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                lines.add(String(decoding: rest[rest.startIndex..<end], as: UTF8.self))
                rest = Data(rest[(end + 1)...])
            }
        }
        close(descriptor)
        lines.finish()
    }

    /// The next line of standard output; nil once it has ended.
    public func line() async -> String? { await lines.next() }

    /// Writes a line to standard input.
    public func send(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        var done = 0
        while done < bytes.count {
            let count = bytes[done...].withUnsafeBytes { write(input, $0.baseAddress, $0.count) }
            if count < 0, errno != EINTR { return }
            done += max(count, 0)
        }
    }

    /// Sends a signal.
    public func signal(_ number: Int32) { child.signal(number) }

    /// Waits for the end: the exit code, or the signal's number plus 128.
    ///
    /// To be called once.
    public func end() async -> Int32 {
        let result = await child.end()
        status.withLock { $0 = result }
        return result
    }

    /// What it wrote to standard error so far.
    public var errors: String {
        // A file that cannot be read shows as no text, in the message of a test that failed.
        (try? String(contentsOfFile: files.path("errors"), encoding: .utf8)) ?? ""
    }
}

extension TemporaryDirectory {
    /// A path in the directory.
    public func path(_ name: String) -> String { url.appending(path: name).path }
}

/// Lines that one thread adds and one task takes.
private final class LineQueue: Sendable {
    private struct State {
        var lines: [String] = []
        var taker: CheckedContinuation<String?, Never>?
        var isFinished = false
    }

    private let state = Mutex(State())

    func add(_ line: String) {
        let taker = state.withLock { state in
            if state.taker == nil { state.lines.append(line) }
            defer { state.taker = nil }
            return state.taker
        }
        taker?.resume(returning: line)
    }

    func finish() {
        let taker = state.withLock { state in
            state.isFinished = true
            defer { state.taker = nil }
            return state.taker
        }
        taker?.resume(returning: nil)
    }

    func next() async -> String? {
        await withCheckedContinuation { continuation in
            let known: String?? = state.withLock { state in
                if !state.lines.isEmpty { return .some(state.lines.removeFirst()) }
                if state.isFinished { return .some(nil) }
                state.taker = continuation
                return nil
            }
            if let known { continuation.resume(returning: known) }
        }
    }
}

private func systemRead(
    _ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int
) -> Int { read(descriptor, buffer, count) }
