// SPDX-License-Identifier: Apache-2.0

import Catalog
import FileIO
import Multiformats
import Repository
import UnixFS

extension SnapshotRecord {
    /// The record of a run that has ended but for its last pack.
    init(
        options: IngestOptions, sources: [IngestSource], roots: [IngestRoot],
        parent: SnapshotRecord?, counts: IngestCounts, started: Int64, ended: Int64
    ) {
        self.init(
            settings: options.dag.fields.map { Option(key: $0.key, value: $0.value) },
            sources: sources.map(\.description), tags: options.tags,
            roots: roots.map {
                Root(name: String(decoding: $0.name, as: UTF8.self), cid: $0.cid.bytes)
            }, parent: parent, counts: counts, started: started,
            ended: ended)
    }

    /// The record of an import or an ingest; its id is that of the session.
    init(
        settings: [Option], sources: [String], tags: [String], roots: [Root],
        parent: SnapshotRecord?, counts: IngestCounts, started: Int64, ended: Int64
    ) {
        self.init(
            id: "", startedAtMilliseconds: started,
            finishedAtMilliseconds: ended, sources: sources, roots: roots,
            parentID: parent?.id, options: settings, counts: Counts(counts),
            host: Machine.hostName, tags: tags, recordCID: [])
    }
}

extension SnapshotRecord.Counts {
    init(_ counts: IngestCounts) {
        self.init()
        files = Int64(counts.files)
        directories = Int64(counts.directories)
        symlinks = Int64(counts.symbolicLinks)
        bytes = Int64(counts.bytes + counts.unchangedBytes)
        blocks = Int64(counts.blocks)
        newBlocks = Int64(counts.newBlocks)
        newBytes = Int64(counts.newBytes)
        storedBytes = Int64(counts.storedBytes)
        skipped = Int64(counts.skipped)
    }
}
