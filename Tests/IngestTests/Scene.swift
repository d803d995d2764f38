// SPDX-License-Identifier: Apache-2.0

import Catalog
import FileIO
import Foundation
import IPLD
import Ingest
import Multiformats
import Repository
import TestSupport
import Testing
import UnixFS

/// A directory with sources and a repository, for one test.
struct Scene {
    let directory: TemporaryDirectory
    /// How the next runs go; tests change what they are about.
    var change: (inout IngestOptions) -> Void = { _ in }
    var selection = Selection.standard

    init() throws { directory = try TemporaryDirectory() }

    /// A path in the directory.
    func path(_ name: String) -> URL { directory.url.appending(path: name) }

    /// Writes a source and returns where it is.
    @discardableResult
    func write(_ tree: InputTree, as name: String = "source") throws -> URL {
        let url = path(name)
        try tree.write(to: url)
        return url
    }

    /// The repository, made on first use.
    func repository() async throws -> Repository {
        try await Repository.open(path("repository").path, creating: true)
    }

    /// A run over these options, into the repository or to nowhere.
    func run(
        _ purpose: IngestOptions.Purpose, profile: DAGProfile = .standard,
        _ overrides: DAGOverrides = DAGOverrides()
    ) async throws -> IngestRun {
        let dag = try DAGOptions(profile: profile, overrides: overrides)
        var options = try IngestOptions(dag: dag, selection: selection)
        options.purpose = purpose
        options.spillDirectory = directory.url.path
        change(&options)
        return IngestRun(
            repository: purpose == .onlyHash ? nil : try await repository(), options: options)
    }

    /// Stores the source and returns what came of it.
    func ingest(
        _ names: String..., profile: DAGProfile = .standard,
        overrides: DAGOverrides = DAGOverrides()
    ) async throws -> IngestResult {
        let names = names.isEmpty ? ["source"] : names
        return try await run(.store, profile: profile, overrides)
            .run(names.map { .path(path($0).path) })
    }

    /// Only computes the source's root.
    func hash(
        _ name: String = "source", profile: DAGProfile = .standard,
        overrides: DAGOverrides = DAGOverrides()
    ) async throws -> CID {
        let result = try await run(.onlyHash, profile: profile, overrides)
            .run([.path(path(name).path)])
        return try #require(result.roots.first).cid
    }

    /// All bytes of a file in the repository.
    func read(_ cid: CID) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        let reader = UnixFSReader(source: try await repository().blocks)
        try await reader.file(cid).forEachChunk { bytes.append(contentsOf: $0) }
        return bytes
    }

    /// Expects all blocks below `root` to be stored.
    func expectStored(_ root: CID) async throws {
        let blocks = try await repository().blocks
        var seen: Set<CID> = [root]
        var open = [root]
        while let cid = open.popLast() {
            let links = try IPLDCodec.links(of: try await blocks.block(cid))
            for link in links where seen.insert(link).inserted { open.append(link) }
        }
    }

    /// A clock by which all files have been at rest for long.
    @Sendable static func tomorrow() -> FileStatus.Time {
        FileStatus.Time(seconds: WallClock.now.seconds + 86_400, nanoseconds: 0)
    }

    /// The names in a directory of the repository, sorted.
    func names(in cid: CID) async throws -> [String] {
        var names: [String] = []
        try await UnixFSReader(source: try await repository().blocks).list(cid) {
            names.append(String(decoding: $0.name, as: UTF8.self))
        }
        return names.sorted()
    }
}

extension DAGCase.Options {
    /// The same options as a user would ask for them.
    var overrides: DAGOverrides {
        get throws {
            var overrides = DAGOverrides()
            overrides.cidVersion = cidVersion
            overrides.hash = try DAGOverrides.hash(parsing: hash)
            overrides.inlineLimit = inlineLimit
            overrides.layout = FileLayout(rawValue: layout)
            overrides.maxLinks = maxLinks
            overrides.rawLeaves = rawLeaves
            overrides.chunker = try ChunkerSpec(parsing: chunker)
            overrides.hamtThreshold = hamtThreshold ?? 0
            overrides.hamtEstimator = DirectoryRules.Estimator(rawValue: estimator)
            overrides.hamtFanout = fanout
            overrides.maxDirectoryLinks = maxDirectoryLinks
            overrides.mode = mode
            overrides.mtime = mtime.map {
                DAGOverrides.Mtime(seconds: $0.seconds, nanoseconds: Int64($0.nanoseconds))
            }
            overrides.preserveMode = keepsMode
            overrides.preserveMtime = keepsMtime
            overrides.includeEmptyDirectories = keepsEmptyDirectories
            return overrides
        }
    }
}
