// SPDX-License-Identifier: Apache-2.0

import FileIO

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Says that a run of a pipeline is going: `<repo>/pipelines/NAME.lock`, locked, with the process
/// in it.
///
/// The kernel drops the lock when the process ends, however it ends. The file stays.
final class PipelineLock: Sendable {
    private static let folder = "pipelines"
    private static let pause = Duration.milliseconds(100)
    /// More than any process ID takes.
    private static let byteLimit = 32

    private let file: File

    private init(_ file: consuming File) { self.file = file }

    /// Takes the lock of `pipeline`, waiting as `wait` says.
    ///
    /// - Returns: nil if another run still holds it.
    /// - Throws: `IOError`; `CancellationError`.
    static func take(
        _ pipeline: String, repository path: String, wait: LockWait
    ) async throws -> PipelineLock? {
        let start = ContinuousClock.now
        while true {
            let lock = try await BlockingPool.shared.run { () throws -> PipelineLock? in
                let folder = path + "/" + folder
                _ = try Directory(creating: folder, permissions: 0o700)
                var file = try File("\(folder)/\(pipeline).lock", .append, permissions: 0o600)
                guard try file.tryLock() else { return nil }
                try file.truncate(to: 0)
                try file.writeAll(Array("\(getpid())\n".utf8))
                return PipelineLock(file)
            }
            if let lock { return lock }
            switch wait {
            case .none: return nil
            case .forever: break
            case .atMost(let limit):
                if start.duration(to: .now) >= limit { return nil }
            }
            try await Task.sleep(for: pause)
        }
    }

    /// The process that holds the lock of `pipeline`; nil if that cannot be told.
    static func owner(of pipeline: String, repository path: String) -> Int? {
        let name = "\(path)/\(folder)/\(pipeline).lock"
        guard let file = try? File(name, .read),  // for a message only
            let status = try? file.status(), status.byteCount <= Int64(byteLimit),
            let bytes = try? file.readExactly(Int(status.byteCount), at: 0)
        else { return nil }
        return Int(String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace })
    }
}

/// Whether and how long to wait for a run that is still going.
public enum LockWait: Hashable, Sendable {
    /// Not at all.
    case none
    /// So long at most.
    case atMost(Duration)
    /// Until it has ended.
    case forever
}
