// SPDX-License-Identifier: Apache-2.0

import FileIO
import Foundation
import Testing

@Suite struct DirectoryTests {
    private let scratch: Scratch
    private let directory: Directory

    init() throws {
        scratch = try Scratch()
        directory = try Directory(scratch.path)
    }

    private func names() throws -> [String: FileStatus.Kind] {
        var stream = try DirectoryStream(directory)
        var names: [String: FileStatus.Kind] = [:]
        while let entry = try stream.next() {
            names[String(decoding: entry.name, as: UTF8.self)] = entry.kind
        }
        return names
    }

    @Test func `entries are listed with their kinds, without the dots`() throws {
        _ = try directory.createFile(Array("file".utf8))
        try directory.createDirectory(Array("below".utf8))
        try directory.createSymbolicLink(Array("link".utf8), to: Array("file".utf8))
        let names = try names()
        #expect(names == ["file": .regular, "below": .directory, "link": .symbolicLink])
    }

    @Test func `names need not be UTF-8`() throws {
        let name: [UInt8] = [0xff, 0xfe, 0x20]
        let file = try directory.createFile(name)
        #expect(try directory.names(file, name))
        var stream = try DirectoryStream(directory)
        #expect(try stream.next()?.name == name)
        #expect(try stream.next() == nil)
    }

    @Test func `a name with a zero byte is refused`() {
        #expect(throws: IOError.self) { _ = try directory.openFile([0x61, 0, 0x62]) }
    }

    @Test func `a symbolic link is not followed unless asked to`() throws {
        try directory.createFile(Array("file".utf8)).writeAll([1])
        let link = Array("link".utf8)
        try directory.createSymbolicLink(link, to: Array("file".utf8))
        let error = #expect(throws: IOError.self) { _ = try directory.openFile(link) }
        #expect(error?.code == .symbolicLink)
        #expect(try directory.openFile(link, following: true).readExactly(1, at: 0) == [1])
        #expect(try directory.status(of: link).kind == .symbolicLink)
        #expect(try directory.status(of: link, following: true).kind == .regular)
        #expect(try directory.symbolicLinkTarget(link) == Array("file".utf8))
    }

    @Test func `renaming replaces, removing removes`() throws {
        let (a, b) = (Array("a".utf8), Array("b".utf8))
        try directory.createFile(a).writeAll([1])
        try directory.createFile(b).writeAll([2])
        try directory.rename(a, to: b)
        #expect(try directory.openFile(b).readExactly(1, at: 0) == [1])
        #expect(try !directory.exists(a))
        try directory.remove(b)
        try directory.synchronize()
        #expect(try names().isEmpty)
    }

    @Test func `a file that was replaced is not the one of its name any more`() throws {
        let name = Array("a".utf8)
        let file = try directory.createFile(name)
        #expect(try directory.names(file, name))
        try directory.remove(name)
        #expect(try !directory.names(file, name))
        _ = try directory.createFile(name)
        #expect(try !directory.names(file, name))
    }

    @Test func `a tree is removed with all that is in it, but not what its links name`() throws {
        try directory.createDirectory(Array("kept".utf8))
        _ = try directory.openDirectory(Array("kept".utf8)).createFile(Array("file".utf8))
        try directory.createDirectory(Array("tree".utf8))
        var level = try directory.openDirectory(Array("tree".utf8))
        for depth in 0..<50 {
            try level.createSymbolicLink(Array("link".utf8), to: Array("../kept".utf8))
            for number in 0..<20 { _ = try level.createFile(Array("file\(number)".utf8)) }
            try level.createDirectory(Array("empty".utf8))
            try level.createDirectory(Array("d\(depth)".utf8))
            level = try level.openDirectory(Array("d\(depth)".utf8))
        }
        try directory.removeTree(Array("tree".utf8))
        #expect(try names() == ["kept": .directory])
        #expect(try directory.openDirectory(Array("kept".utf8)).exists(Array("file".utf8)))
        #expect(throws: IOError.self) { try directory.removeTree(Array("tree".utf8)) }
    }

    @Test func `missing directories above are made`() throws {
        let path = scratch.path + "/x/y//z"
        let made = try Directory(creating: path)
        #expect(try made.status().kind == .directory)
        #expect(try Directory(creating: path).status() == made.status())
    }

    @Test func `a file in the way of a directory is an error`() throws {
        _ = try directory.createFile(Array("x".utf8))
        let error = #expect(throws: IOError.self) {
            _ = try Directory(creating: scratch.path + "/x/y")
        }
        #expect(error?.code == .notADirectory)
    }
}
