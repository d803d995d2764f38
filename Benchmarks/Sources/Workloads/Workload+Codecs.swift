// SPDX-License-Identifier: Apache-2.0

import CAR
import IPLD
import Multiformats
import UnixFS

extension Workload {
    static let codecs =
        [
            Workload("dag-pb/encode", iterations: 100) {
                let node = fileNode()
                return { node.encode().count }
            },
            Workload("dag-pb/decode", iterations: 100) {
                let bytes = fileNode().encode()
                return { try PBNode(decoding: bytes.span).links.count }
            },
            Workload("unixfs/encode", iterations: 100) {
                let message = fileMessage()
                return { message.encode().count }
            },
            Workload("unixfs/decode", iterations: 100) {
                let bytes = fileMessage().encode()
                return { try UnixFSData(decoding: bytes.span).blocksizes.count }
            },
        ]
        + [Multicodec.dagCBOR, .dagJSON].flatMap { codec in
            [
                Workload("\(codec.description)/encode", iterations: 10) {
                    let value = record()
                    return { try IPLDCodec.encode(codec, value).count }
                },
                Workload("\(codec.description)/decode", iterations: 10) {
                    let bytes = try IPLDCodec.encode(codec, record())
                    return {
                        guard case .map(let map) = try IPLDCodec.decode(codec, bytes.span) else {
                            return 0
                        }
                        return map.count
                    }
                },
            ]
        }

    static let archives = [
        Workload("car/write", iterations: 20) {
            let blocks = try smallBlocks(1000)
            return {
                var output = CARHeader.encode(roots: [CARHeader.placeholderRoot])
                for block in blocks {
                    CARSection.append(cid: block.cid, bytes: block.bytes, to: &output)
                }
                return output.count
            }
        },
        Workload("car/read", iterations: 10) { try reading(.none) },
        Workload("car/read-verified", iterations: 5) { try reading(.everyBlock) },
    ]

    private static func reading(
        _ verification: CARReadingOptions.Verification
    ) throws -> () throws -> Int {
        var archive = CARHeader.encode(roots: [CARHeader.placeholderRoot])
        for block in try smallBlocks(1000) {
            CARSection.append(cid: block.cid, bytes: block.bytes, to: &archive)
        }
        let options = CARReadingOptions(verification: verification)
        return { [archive] in
            var reader = try CARReader(archive, options: options)
            return try reader.readAll().count
        }
    }

    /// Blocks of 100 to 400 bytes.
    static func smallBlocks(_ count: Int) throws -> [Block] {
        var source = SeededBytes(seed: 7)
        return try (0..<count).map { _ in
            try source.block(source.noise(100 + Int(source.next() % 300)))
        }
    }

    private static func fileMessage() -> UnixFSData {
        UnixFSData(
            kind: .file, filesize: 174 * 262_144,
            blocksizes: Array(repeating: 262_144, count: 174))
    }

    /// The inner block of a file: 174 links.
    private static func fileNode() -> PBNode {
        var source = SeededBytes(seed: 8)
        let links = (0..<174).map { _ in PBLink(hash: source.cid(), name: [], tsize: 262_158) }
        return PBNode(links: links, data: fileMessage().encode())
    }

    /// A map of 100 records with each kind of value in them.
    private static func record() -> IPLDValue {
        var source = SeededBytes(seed: 9)
        let entries = (0..<100).map { index in
            IPLDMap.Entry(
                key: "record-\(index)",
                value: .map([
                    "name": .string("The record of number \(index)"),
                    "size": .integer(Int128(source.next() >> 20)),
                    "share": .float(Double(source.next() % 1000) / 8),
                    "open": .bool(index.isMultiple(of: 2)),
                    "parent": .null,
                    "digest": .bytes(source.noise(32)),
                    "links": .list((0..<4).map { _ in .link(source.cid()) }),
                ]))
        }
        return IPLDMap(unique: entries).map(IPLDValue.map) ?? .null
    }
}
