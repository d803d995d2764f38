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
        try remove(in: path)
        let socketPath = path + "/" + name
        let (short, keeper) = try reachable(path)
        defer { if let keeper { _ = SystemCall.close(keeper) } }
        let descriptor = try makeSocket(socketPath)
        // The rights that bind() gives the file are the socket's own, less the umask.
        guard fchmod(descriptor, 0o600) == 0 else {
            throw failure("chmod", descriptor, socketPath)
        }
        guard SystemCall.bind(descriptor, short) == 0 else {
            throw failure("bind", descriptor, socketPath)
        }
        // Systems on which it did not.
        guard chmod(short, 0o600) == 0 else { throw failure("chmod", descriptor, socketPath) }
        guard SystemCall.listen(descriptor, 64) == 0 else {
            throw failure("listen", descriptor, socketPath)
        }
        return descriptor
    }

    /// The descriptor of a connection to the node of the repository at `path`; nil if none runs.
    ///
    /// The caller owns the descriptor.
    /// - Throws: `IOError`; ``NodeError`` with `pathTooLong`.
    static func connect(in path: String) throws -> Int32? {
        let socketPath = path + "/" + name
        let (short, keeper) = try reachable(path)
        defer { if let keeper { _ = SystemCall.close(keeper) } }
        let descriptor = try makeSocket(socketPath)
        while SystemCall.connect(descriptor, short) != 0 {
            switch errno {
            case EINTR: continue
            case ENOENT, ENOTDIR, ECONNREFUSED:
                // No socket, or one whose node died.
                _ = SystemCall.close(descriptor)
                return nil
            default: throw failure("connect", descriptor, socketPath)
            }
        }
        return descriptor
    }

    /// Removes the socket of a node that ends.
    static func remove(in path: String) throws {
        do { try Directory(path).remove(Array(name.utf8)) } catch  where error.code == .notFound {}
    }

    private static func makeSocket(_ path: String) throws -> Int32 {
        #if canImport(Glibc)
            let type = Int32(SOCK_STREAM.rawValue)
        #else
            let type = SOCK_STREAM
        #endif
        let descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { throw IOError(errno: errno, "make a socket for", path: path) }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        return descriptor
    }

    /// The error of a call that just failed; closes the socket.
    private static func failure(_ call: String, _ descriptor: Int32, _ path: String) -> IOError {
        let error = IOError(errno: errno, call, path: path)
        _ = SystemCall.close(descriptor)
        return error
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

/// System calls whose names are also those of methods here, and those that take an address.
private enum SystemCall {
    static func listen(_ descriptor: Int32, _ backlog: Int32) -> Int32 {
        #if canImport(Glibc)
            Glibc.listen(descriptor, backlog)
        #else
            Darwin.listen(descriptor, backlog)
        #endif
    }

    static func bind(_ descriptor: Int32, _ path: String) -> Int32 {
        var address = makeAddress(path)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                #if canImport(Glibc)
                    Glibc.bind(descriptor, $0, length)
                #else
                    Darwin.bind(descriptor, $0, length)
                #endif
            }
        }
    }

    static func connect(_ descriptor: Int32, _ path: String) -> Int32 {
        var address = makeAddress(path)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                #if canImport(Glibc)
                    Glibc.connect(descriptor, $0, length)
                #else
                    Darwin.connect(descriptor, $0, length)
                #endif
            }
        }
    }

    static func close(_ descriptor: Int32) -> Int32 {
        #if canImport(Glibc)
            Glibc.close(descriptor)
        #else
            Darwin.close(descriptor)
        #endif
    }

    private static var length: socklen_t { socklen_t(MemoryLayout<sockaddr_un>.size) }

    /// The address of a path that is short enough.
    private static func makeAddress(_ path: String) -> sockaddr_un {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return address
    }
}
