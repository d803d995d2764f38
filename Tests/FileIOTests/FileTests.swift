// SPDX-License-Identifier: Apache-2.0

import FileIO
import Foundation
import Testing

/// A directory of its own for one test, removed with it.
final class Scratch: Sendable {
    let path: String

    init() throws {
        path =
            FileManager.default.temporaryDirectory
            .appendingPathComponent("cairn-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        // Nothing depends on it: a directory left behind is only litter.
        try? FileManager.default.removeItem(atPath: path)
    }

    func file(_ name: String) -> String { path + "/" + name }
}

@Suite struct FileTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test func `what is written is read back from any offset`() throws {
        let file = try File(scratch.file("a"), .create)
        try file.writeAll([1, 2, 3, 4])
        try file.synchronize()
        #expect(try file.readExactly(2, at: 1) == [2, 3])
        #expect(try file.status().byteCount == 4)
        #expect(try file.status().kind == .regular)
        try file.close()
    }

    @Test func `a read past the end says so`() throws {
        let file = try File(scratch.file("a"), .create)
        try file.writeAll([1, 2, 3])
        let error = #expect(throws: IOError.self) { try file.readExactly(4, at: 0) }
        #expect(error?.code == .endOfFile)
    }

    @Test func `a file is made only once`() throws {
        _ = try File(scratch.file("a"), .create)
        let error = #expect(throws: IOError.self) { _ = try File(scratch.file("a"), .create) }
        #expect(error?.code == .exists)
        #expect(error?.path == scratch.file("a"))
    }

    @Test func `a file that is not there cannot be read`() throws {
        let error = #expect(throws: IOError.self) { _ = try File(scratch.file("a"), .read) }
        #expect(error?.code == .notFound)
        #expect(error?.operation == "open")
    }

    @Test func `truncating and seeking decide where writing goes on`() throws {
        let file = try File(scratch.file("a"), .create)
        try file.writeAll([1, 2, 3, 4])
        try file.truncate(to: 2)
        try file.seek(to: 2)
        try file.writeAll([9])
        #expect(try file.readExactly(3, at: 0) == [1, 2, 9])
        try file.writeAll([7], at: 0)
        #expect(try file.readExactly(3, at: 0) == [7, 2, 9])
    }

    @Test func `a file opened for appending keeps what it has`() throws {
        let first = try File(scratch.file("a"), .append)
        try first.writeAll([1])
        try first.close()
        let second = try File(scratch.file("a"), .append)
        try second.writeAll([2])
        try second.close()
        #expect(try File(scratch.file("a"), .read).readExactly(2, at: 0) == [1, 2])
    }

    @Test func `a lock belongs to one open file until that is closed`() throws {
        var first = try File(scratch.file("a"), .create)
        var second = try File(scratch.file("a"), .update)
        var held = [try first.tryLock(), try first.tryLock(), try second.tryLock()]
        #expect(held == [true, true, false])
        // As a child process has it that another thread is just making.
        let inherited = dup(first.descriptor)
        defer { close(inherited) }
        try first.close()
        held = [try second.tryLock()]
        #expect(held == [true])
    }

    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full"), "no /dev/full here"))
    func `a full device is told as such`() throws {
        let file = try File("/dev/full", .update)
        let error = #expect(throws: IOError.self) { try file.writeAll([1]) }
        #expect(error?.code == .noSpace)
    }

    @Test func `a modification time is kept to the nanosecond`() throws {
        let file = try File(scratch.file("a"), .create)
        let time = FileStatus.Time(seconds: 1_000_000_000, nanoseconds: 123_456_789)
        try file.setModified(time)
        #expect(try file.status().modified == time)
    }
}
