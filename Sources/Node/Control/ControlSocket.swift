// SPDX-License-Identifier: Apache-2.0

import FileIO

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The socket `node.sock` of a repository: where it is, and how both sides open it.
///
/// Only the owner may connect. All calls block for a moment; call from a `BlockingPool` thread.
public enum ControlSocket {
    /// The socket's name in the repository.
    public static let name = "node.sock"

    /// The descriptor of a new socket that listens in the repository at `path`.
    ///
    /// A socket that a dead node left is replaced: the caller holds the repository's
    /// ``NodeLock``, so nobody can be listening. The caller owns the descriptor.
    /// - Throws: `IOError`; ``NodeError`` with `pathTooLong`.
    static func listen(in path: String) throws -> Int32 {
        let directory = try Directory(path)
        do { try directory.remove(Array(name.utf8)) } catch where error.code == .notFound {}
        return try withSocket(in: path) { descriptor, address, length in
            // The rights that bind() gives the file are the socket's own, less the umask.
            guard fchmod(descriptor, 0o600) == 0 else { return "chmod" }
            guard bind(descriptor, address, length) == 0 else { return "bind" }
            try directory.setPermissions(0o600, of: Array(name.utf8))
            return SystemCall.listen(descriptor, 64) == 0 ? nil : "listen"
        }
    }

    /// The descriptor of a connection to the node of the repository at `path`; nil if none runs.
    ///
    /// The caller owns the descriptor.
    /// - Throws: `IOError`; ``NodeError`` with `pathTooLong`.
    static func connect(in path: String) throws -> Int32? {
        do {
            return try withSocket(in: path) { descriptor, address, length in
                while SystemCall.connect(descriptor, address, length) != 0 {
                    if errno != EINTR { return "connect" }
                }
                return nil
            }
        } catch let error as IOError
            where error.code == .notFound || error.code == .notADirectory
            || error.errorNumber == ECONNREFUSED
        {
            // No socket, or one whose node died.
            return nil
        }
    }

    /// Removes the socket of a node that ends.
    static func remove(in path: String) throws {
        do { try Directory(path).remove(Array(name.utf8)) } catch where error.code == .notFound {}
    }

    private typealias Address = UnsafePointer<sockaddr>

    /// Makes a socket and hands it to `body` with its address; `body` returns the call that
    /// failed, with its `errno` still set.
    private static func withSocket(
        in path: String, _ body: (Int32, Address, socklen_t) throws -> String?
    ) throws -> Int32 {
        let socketPath = path + "/" + name
        let (short, keeper) = try reachable(path)
        defer { if let keeper { _ = SystemCall.close(keeper) } }
        #if canImport(Glibc)
            let type = Int32(SOCK_STREAM.rawValue)
        #else
            let type = SOCK_STREAM
        #endif
        let descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else {
            throw IOError(errno: errno, "make a socket for", path: socketPath)
        }
        do {
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: short.utf8) }
            let failed = try withUnsafePointer(to: &address) { pointer in
                try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    try body(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            if let failed { throw IOError(errno: errno, failed, path: socketPath) }
            return descriptor
        } catch {
            _ = SystemCall.close(descriptor)
            throw error
        }
    }

    /// The bytes that a socket's path may have, with the zero at its end.
    static var pathByteLimit: Int { MemoryLayout.size(ofValue: sockaddr_un().sun_path) }

    /// A path of the socket that is short enough, and the descriptor that must stay open for it.
    ///
    /// Paths of sockets are limited to about 100 bytes. Linux also reaches a directory by its
    /// descriptor.
    private static func reachable(_ path: String) throws -> (path: String, keeper: Int32?) {
        let whole = path + "/" + name
        if whole.utf8.count < pathByteLimit { return (whole, nil) }
        #if os(Linux)
            let keeper = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard keeper >= 0 else { throw IOError(errno: errno, "open", path: path) }
            return ("/proc/self/fd/\(keeper)/\(name)", keeper)
        #else
            throw NodeError(
                .pathTooLong,
                "\(whole) is too long for a socket (\(pathByteLimit - 1) bytes at most); move the repository, or reach it by a shorter symbolic link"
            )
        #endif
    }
}

/// System calls whose names are also those of methods here.
private enum SystemCall {
    static func listen(_ descriptor: Int32, _ backlog: Int32) -> Int32 {
        #if canImport(Glibc)
            Glibc.listen(descriptor, backlog)
        #else
            Darwin.listen(descriptor, backlog)
        #endif
    }

    static func connect(
        _ descriptor: Int32, _ address: UnsafePointer<sockaddr>, _ length: socklen_t
    ) -> Int32 {
        #if canImport(Glibc)
            Glibc.connect(descriptor, address, length)
        #else
            Darwin.connect(descriptor, address, length)
        #endif
    }

    static func close(_ descriptor: Int32) -> Int32 {
        #if canImport(Glibc)
            Glibc.close(descriptor)
        #else
            Darwin.close(descriptor)
        #endif
    }
}
