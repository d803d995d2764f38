// SPDX-License-Identifier: Apache-2.0

import Multiformats

extension PBNode {
    /// The node as a value: a map of `Links`, a list of maps of `Hash`, `Name` and `Tsize`, and
    /// `Data`; what is absent is left out.
    ///
    /// Spec: <https://ipld.io/specs/codecs/dag-pb/spec/#logical-format>.
    ///
    /// - Throws: `DAGPBFormError.name` if a name is not UTF-8.
    /// - Complexity: O(link count).
    public func dataModel() throws(DAGPBFormError) -> IPLDValue {
        var values: [IPLDValue] = []
        values.reserveCapacity(links.count)
        for (index, link) in links.enumerated() {
            var map: IPLDMap = ["Hash": .link(link.hash)]
            if let name = link.name {
                guard let text = String(validating: name, as: UTF8.self) else {
                    throw .name(link: index)
                }
                map["Name"] = .string(text)
            }
            if let tsize = link.tsize { map["Tsize"] = .integer(Int128(tsize)) }
            values.append(.map(map))
        }
        var map: IPLDMap = ["Links": .list(values)]
        if let data { map["Data"] = .bytes(data) }
        return .map(map)
    }

    /// Makes a node of a value in the form that ``dataModel()`` gives, with its links sorted.
    ///
    /// - Throws: ``DAGPBFormError``.
    /// - Complexity: O(link count).
    public init(dataModel value: IPLDValue) throws(DAGPBFormError) {
        guard case .map(let map) = value else { throw .node }
        for entry in map.entries where entry.key != "Data" && entry.key != "Links" {
            throw .extraKey(entry.key)
        }
        switch map["Data"] {
        case nil: data = nil
        case .bytes(let bytes): data = bytes
        default: throw .data
        }
        guard case .list(let values) = map["Links"] else { throw .links }
        links = []
        links.reserveCapacity(values.count)
        for (index, value) in values.enumerated() {
            links.append(try Self.link(value, index: index))
        }
        guard hasSortedLinks else { throw .order }
    }

    private static func link(
        _ value: IPLDValue, index: Int
    ) throws(DAGPBFormError) -> PBLink {
        guard case .map(let map) = value else { throw .link(link: index) }
        for entry in map.entries where !["Hash", "Name", "Tsize"].contains(entry.key) {
            throw .extraLinkKey(link: index, entry.key)
        }
        guard case .link(let hash) = map["Hash"] else { throw .hash(link: index) }
        var link = PBLink(hash: hash, name: nil)
        switch map["Name"] {
        case nil: break
        case .string(let text): link.name = Array(text.utf8)
        default: throw .name(link: index)
        }
        switch map["Tsize"] {
        case nil: break
        case .integer(let number) where (0...Int128(Int64.max)).contains(number):
            link.tsize = UInt64(number)
        default: throw .tsize(link: index)
        }
        return link
    }
}

/// Why a value is not a DAG-PB node, or a node not a value; links are counted from zero.
public enum DAGPBFormError: Error, Hashable, Sendable {
    /// The value is not a map.
    case node
    /// The map has a key other than `Data` and `Links`.
    case extraKey(String)
    /// `Data` is not bytes.
    case data
    /// `Links` is missing or not a list.
    case links
    /// A link is not a map.
    case link(link: Int)
    /// A link has a key other than `Hash`, `Name` and `Tsize`.
    case extraLinkKey(link: Int, String)
    /// A link's `Hash` is missing or not a link.
    case hash(link: Int)
    /// A link's `Name` is not text.
    case name(link: Int)
    /// A link's `Tsize` is not an integer from 0 to 2^63-1.
    case tsize(link: Int)
    /// The links are not sorted by the bytes of their names.
    case order
}

extension DAGPBFormError: CustomStringConvertible {
    /// A sentence for the user.
    public var description: String {
        switch self {
        case .node: "not a map"
        case .extraKey(let key): "a node has no \(key)"
        case .data: "Data is not bytes"
        case .links: "Links is not a list"
        case .link(let link): "link \(link) is not a map"
        case .extraLinkKey(let link, let key): "link \(link) has no \(key)"
        case .hash(let link): "the Hash of link \(link) is not a CID"
        case .name(let link): "the Name of link \(link) is not text"
        case .tsize(let link): "the Tsize of link \(link) is not an integer from 0 to 2^63-1"
        case .order: "the links are not sorted by name"
        }
    }
}
