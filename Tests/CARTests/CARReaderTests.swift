// SPDX-License-Identifier: Apache-2.0

import CAR
import IPLD
import Multiformats
import Testing

@Suite struct CARReaderTests {
    let basic: BasicFixture

    init() throws { basic = try BasicFixture() }

    /// All that `file` holds when it comes in pieces of `pieceByteCount`.
    private func sections(
        of file: [UInt8], pieceByteCount: Int, options: CARReadingOptions = CARReadingOptions()
    ) throws -> [CARSection] {
        var parser = CARParser(options: options)
        var sections: [CARSection] = []
        var offset = 0
        while true {
            while let event = try parser.next() {
                if case .section(let section) = event { sections.append(section) }
            }
            if offset == file.count { break }
            let end = min(offset + pieceByteCount, file.count)
            parser.append(file.span.extracting(offset..<end))
            offset = end
            if offset == file.count { parser.finish() }
        }
        #expect(parser.isAtEnd)
        return sections
    }

    @Test func `the published file is read with its offsets`() throws {
        var reader = try CARReader(basic.file)
        #expect(reader.header.roots == basic.roots)
        #expect(reader.version2Header == nil)
        let sections = try reader.readAll()
        #expect(sections.map(\.block) == basic.sections.map(\.block))
        #expect(sections.map(\.offset) == basic.sections.map(\.offset))
        for section in sections {
            #expect(
                Array(basic.file[section.blockOffset..<section.endOffset]) == section.block.bytes)
        }
    }

    @Test(arguments: [1, 2, 3, 7, 50, 51, 52, 100, 1000, 5000])
    func `pieces of any size give the same sections`(_ pieceByteCount: Int) throws {
        let files = [
            basic.file, basic.version2File(.indexSorted), basic.version2File(.multihashIndexSorted),
        ]
        for file in files {
            let sections = try sections(of: file, pieceByteCount: pieceByteCount)
            #expect(sections.map(\.block) == basic.sections.map(\.block))
            #expect(sections.map(\.offset) == basic.sections.map(\.offset))
        }
    }

    @Test(arguments: [51, 52, 5000])
    func `version 2 data is found behind its padding`(_ dataOffset: Int) throws {
        let header = CARv2Header(
            dataOffset: UInt64(dataOffset), dataByteCount: UInt64(basic.byteCount),
            indexOffset: nil)
        let padding = [UInt8](repeating: 0, count: dataOffset - 51)
        let file = CARv2Header.pragma + header.encode() + padding + basic.file + [1, 2, 3]
        var reader = try CARReader(file)
        #expect(reader.dataOffset == dataOffset)
        #expect(reader.version2Header == header)
        #expect(try reader.readAll().map(\.block) == basic.sections.map(\.block))
        #expect(try sections(of: file, pieceByteCount: 64).map(\.offset).first == 100)
    }

    /// What reading all of `file` throws; nil if nothing.
    private func failure(
        of file: [UInt8], options: CARReadingOptions = CARReadingOptions()
    ) -> CARError? {
        do throws(CARError) {
            var reader = try CARReader(file, options: options)
            _ = try reader.readAll()
            return nil
        } catch {
            return error
        }
    }

    @Test func `a file cut short is reported at the part it was cut in`() {
        let file = basic.file
        let borders = basic.sections.map(\.offset) + [file.count]
        for length in 0..<file.count {
            let expected: CARError? =
                if length < 100 {
                    .truncatedHeader(offset: 0)
                } else if borders.contains(length) {
                    nil
                } else {
                    .truncatedSection(offset: borders.last { $0 < length } ?? -1)
                }
            #expect(failure(of: Array(file[..<length])) == expected, "cut at \(length)")
        }
    }

    @Test func `a version 2 file cut short anywhere in its data is refused`() {
        let file = basic.version2File(.indexSorted)
        for length in 0..<51 + basic.byteCount {
            #expect(failure(of: Array(file[..<length])) != nil, "cut at \(length)")
        }
        let border = 51 + basic.sections[3].offset
        #expect(failure(of: Array(file[..<border])) == .truncatedData(offset: border))
        #expect(failure(of: Array(file[..<(51 + basic.byteCount)])) == nil)
    }

    @Test func `a flipped bit in a section is an error`() {
        let file = basic.file
        for bit in 100 * 8..<file.count * 8 {
            var flipped = file
            flipped[bit / 8] ^= 1 << (bit % 8)
            let sections = try? CARReader(flipped).allSections()  // nil when refused
            // A flip in a CID's codec is the one change that a hash cannot tell.
            let blocks = basic.sections.map(\.block.bytes)
            let isCodec = sections.map { $0.map(\.block.bytes) } == blocks
            #expect(sections == nil || isCodec, "bit \(bit)")
        }
    }

    @Test func `a flipped bit in the header is an error or another root`() throws {
        for file in [basic.file, basic.version2File(.indexSorted)] {
            let headerEnd = file.count == basic.byteCount ? 100 : 151
            let expected = try CARReader(file)
            for bit in 0..<headerEnd * 8 {
                var flipped = file
                flipped[bit / 8] ^= 1 << (bit % 8)
                guard let reader = try? CARReader(flipped) else { continue }  // refused
                let isSame =
                    reader.header == expected.header
                    && reader.version2Header == expected.version2Header
                // Bits of the characteristics other than the first say nothing.
                let isCharacteristic = headerEnd == 151 && (11 * 8..<27 * 8).contains(bit)
                #expect(!isSame || isCharacteristic, "bit \(bit)")
            }
        }
    }

    @Test(arguments: CARReadingOptions.EmptySection.allCases)
    func `a section of no bytes is an error or the end`(
        _ emptySection: CARReadingOptions.EmptySection
    ) {
        let file = basic.file + [0, 0, 0]
        let options = CARReadingOptions(emptySection: emptySection)
        let expected = CARError.emptySection(offset: basic.byteCount)
        #expect(failure(of: file, options: options) == (emptySection == .end ? nil : expected))
    }

    @Test func `blocks that do not hash to their CID are refused unless trusted`() throws {
        var file = basic.file
        file[basic.byteCount - 1] ^= 1
        let last = try #require(basic.sections.last)
        #expect(failure(of: file) == .mismatch(offset: last.offset, last.block.cid))
        #expect(failure(of: file, options: CARReadingOptions(verification: .none)) == nil)
    }

    @Test func `a block of an unknown hash function is not taken for verified`() {
        let cid = CID(
            v1: .raw, Multihash(code: Multicodec(rawValue: 0x1100), digest: [1, 2, 3, 4]))
        var file = CARHeader.encode(roots: [])
        CARSection.append(cid: cid, bytes: [1], to: &file)
        #expect(failure(of: file) == .unverifiable(offset: 18, cid))
    }

    @Test func `identity CIDs are passed on`() throws {
        let cid = CID(v1: .raw, Multihash(code: .identity, digest: [1, 2]))
        var file = CARHeader.encode(roots: [cid])
        CARSection.append(cid: cid, bytes: [1, 2], to: &file)
        #expect(try CARReader(file).allSections().map(\.block.cid) == [cid])
    }

    @Test(arguments: Hostile.all)
    func `hostile input is refused at its place`(_ sample: Hostile) {
        #expect(failure(of: sample.bytes) == sample.error)
    }

    @Test(
        arguments: [
            (0, 0, 0, CARError.dataOffset(offset: 11, 0)),
            (50, 1, 0, .dataOffset(offset: 11, 50)),
            (UInt64.max, 1, 0, .dataOffset(offset: 11, .max)),
            (51, 0, 0, .dataByteCount(offset: 11, 0)),
            (51, UInt64(Int64.max), 0, .dataByteCount(offset: 11, UInt64(Int64.max))),
            (51, 10, 60, .indexOffset(offset: 11, 60)),
            (1 << 62, 10, 0, .truncatedData(offset: 51)),
        ] as [(UInt64, UInt64, UInt64, CARError)])
    func `a version 2 header that cannot be is refused`(
        _ sample: (dataOffset: UInt64, byteCount: UInt64, index: UInt64, error: CARError)
    ) {
        let header = CARv2Header(
            dataOffset: sample.dataOffset, dataByteCount: sample.byteCount,
            indexOffset: sample.index)
        #expect(failure(of: CARv2Header.pragma + header.encode()) == sample.error)
    }

    @Test func `a section that runs over the end of version 2 data is refused`() {
        let header = CARv2Header(dataByteCount: UInt64(basic.byteCount - 1), indexOffset: nil)
        let file = CARv2Header.pragma + header.encode() + basic.file
        let last = 51 + (basic.sections.last?.offset ?? 0)
        #expect(failure(of: file) == .truncatedSection(offset: last))
    }

    @Test func `an error is thrown again by later calls`() throws {
        var reader = try CARReader(basic.file + [0, 5])
        #expect(throws: CARError.self) { try reader.readAll() }
        #expect(throws: CARError.emptySection(offset: basic.byteCount)) { try reader.next() }
        #expect(throws: CARError.emptySection(offset: basic.byteCount)) { try reader.next() }
    }
}

/// Hex of a file, `HEAD` for a header without roots, and why it is refused.
struct Hostile: Sendable {
    let bytes: [UInt8]
    let error: CARError

    init(_ digits: String, _ error: CARError) {
        let head = "11a265726f6f7473806776657273696f6e01"
        let parts = digits.split(separator: " ").map { $0 == "HEAD" ? head : String($0) }
        self.bytes = CARTests.bytes(hex: parts.joined())
        self.error = error
    }

    static let all: [Hostile] = [
        Hostile("", .truncatedHeader(offset: 0)),
        Hostile("00", .headerCBOR(offset: 1, .truncated(offset: 0))),
        Hostile("ffffffffffffffffff01", .varint(.tooLong(offset: 0))),
        Hostile("8000", .varint(.notMinimal(offset: 0))),
        Hostile("ffffffffffffffff7f", .headerTooLarge(offset: 0, byteCount: 1 << 63 - 1)),
        Hostile("0aa16776657273696f6e03", .unknownVersion(offset: 1, 3)),
        Hostile("0aa16776657273696f6e01", .headerForm(offset: 1)),
        Hostile("0aa16776657273696f6e", .truncatedHeader(offset: 0)),
        Hostile("11a265726f6f7473806776657273696f6e02", .unknownVersion(offset: 1, 2)),
        Hostile("08a165726f6f747380", .headerForm(offset: 1)),
        Hostile("0fa265726f6f74738065726f6f747380", .headerForm(offset: 1)),
        Hostile("11a265726f6f7473f66776657273696f6e01", .headerForm(offset: 1)),
        Hostile(
            "12a265726f6f7473806776657273696f6e0100",
            .headerCBOR(offset: 1, .trailingBytes(offset: 17))),
        Hostile(
            "12a265726f6f7473806776657273696f6e1801",
            .headerCBOR(offset: 1, .notShortest(offset: 16))),
        Hostile(
            "12bf65726f6f7473806776657273696f6e01ff", .headerCBOR(offset: 1, .lengthForm(offset: 0))
        ),
        Hostile(
            "19a265726f6f74739bffffffffffffffff6776657273696f6e01",
            .headerCBOR(offset: 1, .truncated(offset: 7))),
        Hostile(
            "16a265726f6f747381d82a41006776657273696f6e01",
            .truncatedHeader(offset: 0)),
        Hostile(
            "15a265726f6f747381d82a41006776657273696f6e01",
            .headerCBOR(offset: 1, .link(offset: 8, .varint(.truncated(offset: 0))))),
        Hostile("HEAD 8000", .varint(.notMinimal(offset: 18))),
        Hostile("HEAD 81", .truncatedSection(offset: 18)),
        Hostile("HEAD ffffffffffffffffff", .varint(.tooLong(offset: 18))),
        Hostile("HEAD ffffffffffffffff7f", .sectionTooLarge(offset: 18, byteCount: 1 << 63 - 1)),
        Hostile("HEAD 8180800400", .sectionTooLarge(offset: 18, byteCount: 8 << 20 + 1)),
        Hostile("HEAD 8080800400", .truncatedSection(offset: 18)),
        Hostile("HEAD 0101", .cid(offset: 18, .varint(.truncated(offset: 1)))),
        Hostile("HEAD 021220", .cid(offset: 18, .truncated(offset: 0))),
        Hostile("HEAD 0400550000", .cid(offset: 18, .unknownVersion(offset: 0, 0))),
    ]
}

extension CARReader {
    /// All sections; for one expression.
    fileprivate func allSections() throws(CARError) -> [CARSection] {
        var reader = self
        return try reader.readAll()
    }
}
