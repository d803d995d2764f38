// SPDX-License-Identifier: Apache-2.0

import CAR
import FileIO
import IPLD
import Multiformats

/// Reads the sections of a CAR in batches.
///
/// Blocks on disk; call on a thread that may.
struct ArchiveReader: ~Copyable {
    /// Bytes read at a time, and of the blocks that are passed on together.
    private static let pieceByteCount = 1 << 20

    private let source: IngestSource
    private let file: File?
    private var standardInput = StandardInput()
    private var parser: CARParser
    private var isExhausted = false
    /// The roots in the header, once it was read.
    private(set) var roots: [CID] = []

    /// Opens the archive.
    ///
    /// - Throws: ``IngestError``.
    init(_ source: IngestSource) throws {
        self.source = source
        switch source {
        case .standardInput: file = nil
        case .path(let path):
            do { file = try File(path, .read) } catch {
                throw IngestError(.source, "cannot read \(path): \(error.reason)", cause: error)
            }
        }
        parser = CARParser(
            options: CARReadingOptions(
                maximumSectionByteCount: Block.byteLimit + 1024, verification: .none))
    }

    /// The next sections, some MiB at most or one large one; nil at the end.
    mutating func nextBatch() throws -> [CARSection]? {
        var batch: [CARSection] = []
        var byteCount = 0
        while byteCount < Self.pieceByteCount {
            switch try nextEvent() {
            case .header(let header)?: roots = header.roots
            case .section(let section)?:
                batch.append(section)
                byteCount += section.block.bytes.count
            case nil: return batch.isEmpty ? nil : batch
            }
        }
        return batch
    }

    private mutating func nextEvent() throws -> CAREvent? {
        do {
            while true {
                if let event = try parser.next() { return event }
                if parser.isAtEnd || isExhausted { return nil }
                try readPiece()
            }
        } catch let error as CARError {
            throw IngestError(
                .badArchive, "\(source.description) is no intact CAR: \(error)", cause: error)
        }
    }

    private mutating func readPiece() throws {
        let piece = try [UInt8](unsafeUninitializedCapacity: Self.pieceByteCount) {
            buffer, count in
            let bytes = UnsafeMutableRawBufferPointer(buffer)
            count =
                if file != nil { try file?.read(into: bytes) ?? 0 } else {
                    try standardInput.read(into: bytes)
                }
        }
        if piece.isEmpty {
            isExhausted = true
            parser.finish()
        } else {
            parser.append(piece)
        }
    }
}
