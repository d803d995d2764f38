// SPDX-License-Identifier: Apache-2.0

public import IPLD
public import Multiformats

/// Builds a directory whose entries are all in memory, in the form that its rules ask for.
public struct DirectoryBuilder {
    private let rules: DirectoryRules
    private let cidBuilder: CIDBuilder

    /// Makes a builder, which may serve any number of directories.
    public init(rules: DirectoryRules, cidBuilder: CIDBuilder) {
        self.rules = rules
        self.cidBuilder = cidBuilder
    }

    /// Builds one directory; entries may come in any order, blocks go out children first.
    ///
    /// - Throws: ``UnixFSBuildError`` with the name of the entry at fault, or what `emit` throws.
    /// - Complexity: O(n log n) for n entries.
    public func build(
        _ entries: [DirectoryEntry], metadata: UnixFSMetadata = .none,
        emit: (Block) throws -> Void
    ) throws -> RootLink {
        var estimate = DirectoryEstimate(rules: rules, metadata: metadata)
        for entry in entries where !estimate.isSharded {
            estimate.add(name: entry.name, cid: entry.cid, tsize: entry.tsize)
        }
        guard estimate.isSharded else {
            let directory = try BasicDirectory.block(
                entries: entries, metadata: metadata, cidBuilder: cidBuilder)
            try emit(directory.block)
            return RootLink(cid: directory.block.cid, tsize: directory.tsize)
        }
        let sorted =
            entries
            .map { (key: HAMTBuilder.sortKey(of: $0.name), entry: $0) }
            .sorted { $0.key < $1.key }
        var builder = try HAMTBuilder(
            fanout: rules.fanout, metadata: metadata, cidBuilder: cidBuilder)
        for (_, entry) in sorted { try builder.append(entry, emit: emit) }
        return try builder.finish(emit: emit)
    }
}
