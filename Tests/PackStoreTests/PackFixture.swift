// SPDX-License-Identifier: Apache-2.0

import BlockStore
import CAR
import FileIO
import Foundation
import IPLD
import Multiformats
import ObjectStore
import PackStore

/// A directory of its own for one test, removed with it.
final class TemporaryDirectory: Sendable {
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

    /// The names in the directory, sorted.
    var names: [String] { get throws { try names(in: "") } }

    /// The names in a directory below, sorted.
    func names(in name: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path + "/" + name).sorted()
    }

    func remove(_ name: String) throws {
        try FileManager.default.removeItem(atPath: path + "/" + name)
    }

    func read(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: path + "/" + name)))
    }

    func write(_ bytes: [UInt8], to name: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path + "/" + name))
    }
}

/// A raw block with its sha2-256 CID.
func rawBlock(_ bytes: [UInt8]) throws -> Block {
    Block(
        cid: CID(v1: .raw, try HashFunction.sha2_256.multihash(of: bytes.span)), bytes: bytes)
}

/// A raw block of a text.
func rawBlock(_ text: String) throws -> Block { try rawBlock(Array(text.utf8)) }

/// The CAR sections of `blocks`, one after the other.
func sections(_ blocks: [Block]) -> [UInt8] {
    var output: [UInt8] = []
    for block in blocks { CARSection.append(cid: block.cid, bytes: block.bytes, to: &output) }
    return output
}

/// Writes a sealed pack of `groups` of blocks, each group one frame.
@discardableResult
func writePack(
    _ groups: [[Block]], into store: any ObjectStore, kind: PackKind = .leaves,
    id: PackID = .make(), compression: Compression = .auto
) throws -> SealedPack {
    var writer = try PackWriter(into: store, kind: kind, tier: .hot, id: id)
    for group in groups {
        try writer.append(try FrameBuilder.frame(of: group, compression: compression))
    }
    return try writer.finish().seal()
}
