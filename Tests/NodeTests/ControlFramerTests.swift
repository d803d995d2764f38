// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Node

struct ControlFramerTests {
    @Test func `lines come out whole, however the bytes are cut`() throws {
        let bytes = Array("one\n\nthree\nrest".utf8)
        for cut in 0...bytes.count {
            var framer = ControlFramer(lineLimit: 10)
            var lines: [String] = []
            for part in [bytes[..<cut], bytes[cut...]] {
                framer.append(part)
                while let line = try framer.nextLine() {
                    lines.append(String(decoding: line, as: UTF8.self))
                }
            }
            #expect(lines == ["one", "", "three"], "cut at \(cut)")
            #expect(framer.byteCount == 4)
        }
    }

    @Test(arguments: [false, true])
    func `a line over the limit ends the connection, whole or not`(_ isWhole: Bool) throws {
        var framer = ControlFramer(lineLimit: 4)
        framer.append(Array("1234\n".utf8))
        #expect(try framer.nextLine()?.count == 4)
        framer.append(Array((isWhole ? "12345\n" : "12345").utf8))
        #expect(throws: ControlFramer.Failure.lineTooLong(limit: 4)) { try framer.nextLine() }
    }

    @Test func `raw bytes between lines are not looked into`() throws {
        var framer = ControlFramer(lineLimit: 100)
        framer.append(Array("a\n\n\nb".utf8))
        #expect(try framer.nextLine().map { Array($0) } == Array("a".utf8))
        #expect(framer.nextBytes(4) == nil)
        #expect(framer.nextBytes(2) == Array("\n\n".utf8))
        framer.append(Array("\n".utf8))
        #expect(try framer.nextLine().map { Array($0) } == Array("b".utf8))
    }

    @Test func `what was taken is not kept`() throws {
        var framer = ControlFramer(lineLimit: 1 << 20)
        let line = [UInt8](repeating: 0x61, count: 1000) + [0x0a]
        for _ in 0..<1000 {
            framer.append(line)
            #expect(try framer.nextLine()?.count == 1000)
        }
        #expect(framer.byteCount == 0)
    }
}
