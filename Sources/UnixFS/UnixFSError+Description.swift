// SPDX-License-Identifier: Apache-2.0

extension UnixFSError: CustomStringConvertible {
    /// A sentence for the user.
    public var description: String {
        switch self {
        case .dagPB(let error): "the block is no DAG-PB node: \(error)"
        case .unsupportedCodec: "the block is neither raw nor DAG-PB"
        case .missingData: "the DAG-PB node holds no UnixFS message"
        case .truncated(let offset): "the UnixFS message ends inside the field at byte \(offset)"
        case .varintTooLong(let offset): "the number at byte \(offset) has over 64 bits"
        case .invalidTag(let offset): "byte \(offset) starts no protobuf field"
        case .wrongWireType(let offset, let field):
            "field \(field) at byte \(offset) is of another wire type"
        case .unknownType(let offset, let type):
            "the type at byte \(offset), \(type), is none that UnixFS has"
        case .missingType: "the UnixFS message has no type"
        case .missingSeconds(let offset): "the time at byte \(offset) has no seconds"
        case .metadataObject: "the object is of the retired type Metadata"
        case .blocksizesMismatch(let blocksizes, let links):
            "\(blocksizes) block sizes for \(links) links"
        case .filesizeMismatch: "the file size is not the sum of its parts"
        case .invalidFanout(let fanout):
            "a fanout is a power of two from 8 to \(HAMTShape.maximumFanout), not \(fanout)"
        case .unsupportedHashType(let type): "shards are made with hash 0x22, not \(type)"
        case .bitfieldTooLong(let byteCount): "a bit field of \(byteCount) bytes is too long"
        case .bitfieldMismatch(let bits, let links): "\(bits) buckets are set for \(links) links"
        case .wrongPrefix(let index): "link \(index) is not named after its bucket"
        case .invalidName(let index): "link \(index) has a name that no entry may have"
        case .duplicateName(let index): "link \(index) has the name of an earlier one"
        }
    }
}

extension UnixFSBuildError: CustomStringConvertible {
    /// A sentence for the user.
    public var description: String {
        switch self {
        case .maxLinksTooSmall(let count):
            "\(count) links per block are too few: a balanced file needs 2, a trickle file 1"
        case .invalidFanout(let fanout):
            "a fanout is a power of two from 8 to \(HAMTShape.maximumFanout), not \(fanout)"
        case .invalidName(let name): "no directory may hold the name \(quoted(name))"
        case .duplicateName(let name): "the name \(quoted(name)) is there twice"
        case .outOfOrder(let name): "the entry \(quoted(name)) came out of hash order"
        case .hashCollision(let name):
            "the name \(quoted(name)) has the hash of another in the same directory"
        case .hashing(let error): "\(error)"
        }
    }
}

extension UnixFSReadError: CustomStringConvertible {
    /// A sentence for the user.
    public var description: String {
        switch self {
        case .malformed(let cid, let error): "\(cid) is no valid UnixFS object: \(error)"
        case .notADirectory(let cid): "\(cid) is not a directory"
        case .notAFile(let cid): "\(cid) is not a file"
        case .notFound(let name, let cid): "there is no \(quoted(name)) in \(cid)"
        case .wrongByteCount(let cid, let expected, let actual):
            "\(cid) holds \(actual) file bytes where \(expected) were announced"
        case .tooDeep(let cid): "\(cid) is deeper than any real file or directory goes"
        case .tooManyLinks(let cid): "\(cid) has more links than can be kept open"
        case .notAShard(let cid): "\(cid) is not a shard of the directory above it"
        case .emptyShard(let cid): "\(cid) is a shard that holds nothing"
        case .misplacedEntry(let name, let cid):
            "the hash of \(quoted(name)) does not lead to the shard \(cid)"
        }
    }
}

/// A name for people: control characters and broken UTF-8 cannot disturb the line it stands in.
private func quoted(_ name: [UInt8]) -> String {
    "“"
        + String(decoding: name, as: UTF8.self).unicodeScalars.map { scalar in
            scalar.properties.generalCategory == .control
                ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
        }.joined() + "”"
}
