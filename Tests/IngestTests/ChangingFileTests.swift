// SPDX-License-Identifier: Apache-2.0

import Foundation
import Ingest
import Synchronization
import TestSupport
import Testing

/// Files that others write to, or take away, while they are read (promise P9).
struct ChangingFileTests {
    private let scene: Scene
    private let source: URL

    init() throws {
        scene = try Scene()
        source = try scene.write(
            InputTree(
                .directory([
                    ("growing", InputTree(.file(.fill(1, count: 8_000_000)))),
                    ("still", .text("still")),
                ])))
    }

    @Test func `a file that keeps growing is left out by name, the rest is kept`() async throws {
        let grower = try Grower(source.appending(path: "growing"))
        let run = try await scene.run(.store)
        let result = try await run.run([.path(source.path)])
        grower.stop()
        let root = try #require(result.roots.first).cid
        let names = try await scene.names(in: root)
        if run.counters.skipped.isEmpty {
            #expect(names == ["growing", "still"])
        } else {
            #expect(names == ["still"])
            #expect(run.counters.skipped.map(\.reason) == [.changedWhileRead])
            #expect(run.counters.skipped.first?.path.hasSuffix("/growing") == true)
        }
        let again = try await scene.ingest()
        #expect(again.counts.skipped == 0)
        let all = try #require(again.roots.first).cid
        #expect(try await scene.names(in: all) == ["growing", "still"])
    }

    @Test func `an unreadable source alone is a failure, not a partial result`() async throws {
        let grower = try Grower(source.appending(path: "growing"))
        defer { grower.stop() }
        let run = try await scene.run(.store)
        do {
            let result = try await run.run([.path(source.appending(path: "growing").path)])
            #expect(result.roots.count == 1)
            #expect(run.counters.skipped.isEmpty)
        } catch let error as IngestError {
            #expect(error.code == .source)
            #expect(run.counters.skipped.map(\.reason) == [.changedWhileRead])
        }
    }
}

/// A thread that appends to a file until it is stopped.
private final class Grower: Sendable {
    private let isStopped = Atomic(false)
    private let hasEnded = DispatchSemaphore(value: 0)

    init(_ url: URL) throws {
        let file = try FileHandle(forWritingTo: url)
        try file.seekToEnd()
        Thread.detachNewThread { [self] in
            while !isStopped.load(ordering: .acquiring) { file.write(Data([1])) }
            hasEnded.signal()
        }
    }

    func stop() {
        isStopped.store(true, ordering: .releasing)
        hasEnded.wait()
    }
}
