// SPDX-License-Identifier: Apache-2.0

import FileIO

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Standard output and standard error.
///
/// Results go to the first, all else to the second.
enum Console {
    /// Whether somebody looks at standard error.
    static var errorIsTerminal: Bool { isatty(2) == 1 }

    /// Whether somebody looks at standard output.
    static var outputIsTerminal: Bool { isatty(1) == 1 }

    /// Columns of the terminal behind standard error, 80 if unknown.
    static var columns: Int {
        var size = winsize()
        let known = ioctl(2, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        return known ? Int(size.ws_col) : 80
    }

    /// Writes a line of results.
    static func line(_ text: String) { write(text + "\n", to: 1) }

    /// Writes a line for the user.
    static func error(_ text: String) { write(text + "\n", to: 2) }

    /// Writes text for the user as it is, such as a progress line.
    static func status(_ text: String) { write(text, to: 2) }

    /// Writes bytes of results.
    static func bytes(_ bytes: UnsafeRawBufferPointer) { write(bytes, to: 1) }

    private static func write(_ text: String, to descriptor: Int32) {
        var text = text
        text.withUTF8 { write(UnsafeRawBufferPointer($0), to: descriptor) }
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) {
        var rest = bytes
        while !rest.isEmpty {
            let count = systemWrite(descriptor, rest.baseAddress, rest.count)
            if count < 0 {
                if errno == EINTR { continue }
                // The reader is gone, as with `cairn cat … | head`: nothing is left to do.
                if descriptor == 1 { exit(errno == EPIPE ? 0 : 1) }
                return
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }
}

private func systemWrite(
    _ descriptor: Int32, _ buffer: UnsafeRawPointer?, _ count: Int
) -> Int { write(descriptor, buffer, count) }
