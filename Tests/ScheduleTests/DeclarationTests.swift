// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Foundation
import Ingest
import Lifecycle
import PackStore
import Repository
import Schedule
import TestSupport
import Testing
import UnixFS

/// What pipeline files may say, and how mistakes are told.
struct DeclarationTests {
    static let full = """
        name: full
        description: everything
        sources: [/a, /b c]
        repository: /srv/r
        filters:
          hidden: true
          exclude: ["*.tmp", "/x/"]
          include: keep.tmp
          ignore-files: false
          one-file-system: true
          dereference: true
        wrap: true
        tags: [one, two]
        purpose: store
        dag:
          profile: unixfs-v0-2015
          chunker: fastcdc
          layout: trickle
          max-links: 100
          raw-leaves: true
          cid-version: 1
          hash: blake3
          inline: 32
          hamt-fanout: 64
          hamt-threshold: none
          hamt-estimator: block
          max-directory-links: 10
          empty-directories: false
        compression: zstd:9
        memory: 512MiB
        stages: {read: 1, hash: 3, compress: 2}
        stat-cache: true
        verify-cache: 2%
        budget: {time: 1h30m, read-rate: 10MiB}
        retention:
          keep-last: 3
          keep-daily: 7
          keep-yearly: unlimited
          keep-within: 30d
          keep-tags: [keep, "a,b"]
        tiers: {apply-rules: false, rules: [{to: cold, older-than: 14d, larger-than: 1MiB}]}
        gc: {when: always, repack-below: 40%, max-repack: 1GiB, io-limit: 50MiB, keep-unfinished: 1h, wait: 5m,
             repack-cold: true, merge-below: 8MiB, if-free-below: 10%, until: 15%}
        verify: {sample: 10%, budget: 20m, unchecked-for: 7d}
        announce: roots
        schedule:
          cron: ["30 2 * * *", "@weekly"]
          timezone: Europe/Berlin
          jitter: 10m
          catch-up: 12h
          overlap: queue
          blackout: [{from: "08:00", to: "18:00", days: mon-fri}]
        hooks:
          before: [echo a, {run: [/bin/echo, b c], timeout: 10s}]
          after: echo c
          on-failure: {run: echo d}
        metrics: /var/m.prom
        """

    @Test func `every key is read`() throws {
        let pipeline = try PipelineDeclaration.parse(Self.full, path: "x/y.yaml")
        #expect(pipeline.name == "full" && pipeline.sources == ["/a", "/b c"])
        #expect(pipeline.repository == "/srv/r" && pipeline.path == "x/y.yaml")
        let ingest = pipeline.ingest
        #expect(ingest.includesHidden && !ingest.readsIgnoreFiles && ingest.staysOnFileSystem)
        #expect(ingest.followsSymbolicLinks && ingest.wrap && ingest.tags == ["one", "two"])
        #expect(ingest.excludes == ["*.tmp", "/x/"] && ingest.includes == ["keep.tmp"])
        #expect(ingest.widths == ["read": 1, "hash": 3, "compress": 2])
        #expect(ingest.memoryByteCount == 512 << 20 && ingest.readBytesPerSecond == 10 << 20)
        #expect(ingest.verifiedShare == 0.02 && ingest.compression == .zstd(level: 9))
        let dag = try ingest.options(config: nil, spillDirectory: "/tmp").dag
        #expect(dag.maxLinks == 100 && dag.rawLeaves && dag.inlineLimit == 32)
        #expect(pipeline.budget.time == .seconds(5400) && pipeline.announcement == .roots)
        let policy = try #require(pipeline.retention?.policy)
        #expect(
            policy.rules == [
                .init(.last, .count(3)), .init(.daily, .count(7)), .init(.yearly, .unlimited),
                .init(.last, .within(try #require(CalendarDuration("30d")))),
            ])
        #expect(policy.tags == [["keep"], ["a", "b"]])
        var rule = TierRule()
        rule.olderThanMilliseconds = 14 * 86_400_000
        rule.minimumByteCount = 1 << 20
        #expect(pipeline.tiering?.appliesRules == false)
        #expect(pipeline.tiering?.rules.map(\.rule) == [rule])
        #expect(pipeline.tiering?.rules.map(\.tier) == [.cold])
        let collection = try #require(pipeline.collection)
        #expect(collection.occasion == .always && collection.config.repackBelow == 0.4)
        #expect(
            collection.config.repackByteLimit == 1 << 30 && collection.config.wait == .seconds(300))
        #expect(
            collection.config.bytesPerSecond == 50 << 20 && collection.config.repacksCold == true)
        #expect(collection.config.mergeBelow == 8 << 20)
        #expect(collection.config.keepsUnfinished == .seconds(3600))
        #expect(
            collection.config.freeBelow == .share(0.1) && collection.config.until == .share(0.15))
        #expect(pipeline.verification?.budget == .seconds(1200))
        #expect(pipeline.schedule?.overlap == .queue)
        #expect(pipeline.schedule?.catchUp == .within(.seconds(43_200)))
        #expect(pipeline.schedule?.zone.name == "Europe/Berlin")
        #expect(
            pipeline.hooks.before == [
                Hook(command: ["/bin/sh", "-c", "echo a"]),
                Hook(command: ["/bin/echo", "b c"], timeout: .seconds(10)),
            ])
        #expect(pipeline.hooks.onFailure.map(\.text) == ["echo d"])
        #expect(pipeline.metricsPath == "/var/m.prom")
    }

    @Test func `a source is enough, and the file gives the name`() throws {
        let pipeline = try PipelineDeclaration.parse("sources: /a", path: "/x/photos.yml")
        #expect(pipeline.name == "photos" && pipeline.schedule == nil)
        #expect(pipeline.ingest == IngestSettings())
    }

    @Test(arguments: [
        ("source: /a", "p.yaml:1:1: unknown key source; did you mean sources?"),
        ("name: x", "the key sources is missing"),
        ("sources: []", "p.yaml:1:10: the list is empty"),
        ("sources: '-'", "standard input cannot be read twice"),
        ("sources: [/a, /a]", "a source is named twice"),
        ("sources: /a\nname: a b", "p.yaml:2:7: \"a b\" must be a name"),
        ("sources: /a\nmemory: 1MiB", "p.yaml:2:9: \"1MiB\" is too small; give at least 64MiB"),
        ("sources: /a\ntiers: {rules: [{to: cold}]}", "a rule needs a condition"),
        ("sources: /a\ntiers: {rules: [{older-than: 1d}]}", "the key to is missing in a rule"),
        ("sources: /a\ntiers: {rules: [{to: hot, older-than: 1d}]}", "other than hot and cache"),
        ("sources: /a\ntiers: {rules: [{to: cold, tags: x}]}", "unknown key tags in a rule"),
        ("sources: /a\ngc: {rate: 1MiB}", "p.yaml:2:6: unknown key rate in gc"),
        ("sources: /a\ngc: {until: 1GiB}", "until needs if-free-below or if-above beside it"),
        ("sources: /a\nstages: {hahs: 2}", "unknown key hahs in stages; did you mean hash?"),
        ("sources: /a\nstages: {hash: 0}", "p.yaml:2:16: \"0\" must be a whole number from 1"),
        ("sources: /a\ncompression: zstd:20", "must be auto, none, or zstd:N"),
        ("sources: /a\npurpose: stor", "did you mean store?"),
        ("sources: /a\nfilters: {exclude: ['']}", "p.yaml:2:21: this is empty"),
        ("sources: /a\nfilters: {exclude: ['!a']}", "starts with \"!\""),
        ("sources: /a\nfilters:\n  exclude: *.tmp", "put quotes around a value"),
        ("sources: /a\ndag: {profile: unixfs-v2}", "must be one of unixfs-v1-2025"),
        ("sources: /a\ndag: {chunker: size-0}", "p.yaml:2:16:"),
        ("sources: /a\ndag: {hash: md5}", "p.yaml:2:13: --hash \"md5\" is not known"),
        ("sources: /a\ndag: {hash: blake3, cid-version: 0}", "CIDv0 only supports sha2-256"),
        ("sources: /a\ndag: {hamt-fanout: 100}", "power of two"),
        ("sources: /a\nbudget: {time: 5}", "p.yaml:2:16: \"5\" must be a span of time"),
        ("sources: /a\nbudget: {read-rate: fast}", "must be a size"),
        ("sources: /a\nretention: {}", "retention without a rule would keep nothing"),
        ("sources: /a\nretention: {keep-daly: 7}", "did you mean keep-daily?"),
        ("sources: /a\nretention: {keep-last: 0}", "\"0\" must be a whole number from 1"),
        ("sources: /a\nretention: {keep-within: soon}", "must be a span of time such as 30d"),
        ("sources: /a\ngc: {when: sometimes}", "must be one of after-forget, always"),
        ("sources: /a\nverify: {sample: 1}", "must be a share such as 10%"),
        ("sources: /a\nverify-cache: 1%\nstat-cache: false", "nothing to verify"),
        ("sources: /a\npurpose: only-hash\ngc: {when: always}", "gc needs a run that stores"),
        ("sources: /a\nschedule: {}", "the key cron is missing in schedule"),
        ("sources: /a\nschedule: {cron: 61 * * * *}", "p.yaml:2:18: \"61\" is no minute"),
        ("sources: /a\nschedule: {cron: '@daly'}", "@daly is unknown; give @hourly"),
        (
            "sources: /a\nschedule: {cron: '@daily', timezone: Europe/Berln}",
            "did you mean Europe/Berlin?"
        ),
        ("sources: /a\nschedule: {cron: '@daily', overlap: wait}", "one of skip, queue, cancel"),
        (
            "sources: /a\nschedule: {cron: '@daily', blackout: {from: 8, to: '18:00'}}",
            "\"8\" must be a time of day such as 08:00"
        ),
        (
            "sources: /a\nschedule: {cron: '@daily', blackout: {from: '08:00', to: '08:00'}}",
            "leave no time for a run"
        ),
        ("sources: /a\nhooks: {befor: x}", "did you mean before?"),
        ("sources: /a\nhooks: {before: {timeout: 5s}}", "the key run is missing in a hook"),
        ("sources: /a\nhooks: {before: {run: [], timeout: 5s}}", "the list is empty"),
        ("sources: /a\nhooks: {before: {run: x, timeout: 0s}}", "must be from 1s to 1d"),
        ("sources: /a\nannounce: all", "must be one of node, roots"),
    ])
    func `a mistake is named with its line and the remedy`(_ text: String, _ message: String) {
        let error = #expect(throws: YAMLError.self) {
            try PipelineDeclaration.parse(text, path: "p.yaml")
        }
        let told = error?.description ?? ""
        #expect(told.contains(message) && told.hasPrefix("p.yaml:"), "\(told)")
    }

    @Test(arguments: ["bulk-import", "nightly", "throughput"])
    func `the pipelines that are shipped are sound`(_ name: String) throws {
        let path = Command.packageRoot.appending(path: "Pipelines/\(name).yaml").path
        let pipeline = try PipelineDeclaration.load(path)
        #expect(pipeline.name == name && pipeline.summary != nil)
        #expect((pipeline.schedule != nil) == (name == "nightly"))
    }
}
