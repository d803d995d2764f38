// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The units of `Pipelines/systemd`: systemd accepts them, and `cairn` what they start.
struct SystemdUnitTests {
    private static let folder = Command.packageRoot.appending(path: "Pipelines/systemd")

    private let bench: Bench
    /// The place of /etc/cairn/pipelines, with the shipped pipelines' names.
    private let pipelines: String

    init() throws {
        bench = try Bench()
        pipelines = bench.path("pipelines")
        let source = try bench.write(InputTree(.directory([("a", .text("a"))])))
        try FileManager.default.createDirectory(
            atPath: pipelines, withIntermediateDirectories: true)
        try Data("sources: \(source)\nschedule: {cron: '@yearly'}\n".utf8).write(
            to: URL(filePath: pipelines + "/nightly.yaml"))
    }

    /// A unit with the program and the pipelines of this bench.
    private func unit(_ name: String) throws -> String {
        try String(contentsOf: Self.folder.appending(path: name), encoding: .utf8)
            .replacing("/usr/local/bin/cairn", with: bench.cairn.executable.path)
            .replacing("/etc/cairn/pipelines", with: pipelines)
            .replacing("/var/lib/cairn", with: bench.repository.path)
    }

    /// The words of the command that a unit starts.
    private func command(_ name: String) throws -> [String] {
        let lines = try unit(name).split(separator: "\n").filter { $0.hasPrefix("ExecStart=") }
        let line = try #require(lines.first)
        #expect(lines.count == 1)
        return line.dropFirst("ExecStart=".count).replacing("%i", with: "nightly")
            .split(separator: " ").map(String.init)
    }

    @Test func `what the units start is accepted, and does what they are for`() async throws {
        let run = try command("cairn-run@.service")
        #expect(run.first == bench.cairn.executable.path)
        let outcome = try await bench.cairn.run(Array(run.dropFirst()))
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.text.hasPrefix("nightly: done"))
        let schedule = try command("cairn-schedule.service")
        let scheduler = try RunningCommand(bench.cairn, Array(schedule.dropFirst()))
        var line = await scheduler.line()
        while let text = line, !text.hasPrefix("ready: 1 pipeline") {
            line = await scheduler.line()
        }
        #expect(line != nil, "\(scheduler.errors)")
        // What ExecReload and the stop of the unit send.
        scheduler.signal(SIGHUP)
        scheduler.signal(SIGTERM)
        #expect(await scheduler.end() == 0)
        let crontab = try unit("crontab.example").split(separator: "\n").last.map(String.init)
        let words = try #require(crontab).split(separator: " ").dropFirst(5).map(String.init)
        #expect(try await bench.cairn.run(Array(words.dropFirst())).status == 0)
    }

    @Test func `a timer starts the service of its own name, and the codes of success are cairn's`()
        throws
    {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
        for timer in names.filter({ $0.hasSuffix(".timer") }) {
            #expect(names.contains(timer.replacing(".timer", with: ".service")))
            #expect(try unit(timer).contains("\n[Install]\nWantedBy=timers.target"))
        }
        for service in names.filter({ $0.hasSuffix(".service") }) {
            let text = try unit(service)
            #expect(text.contains("\nEnvironment=CAIRN_REPO=\(bench.repository.path)\n"))
            // What it may write is what it writes.
            #expect(text.contains("\nReadWritePaths=\(bench.repository.path)\n"))
        }
        #expect(try unit("cairn-run@.service").contains("\nSuccessExitStatus=3\n"))
    }

    // Without the program there is nothing to ask.
    @Test(.enabled("no systemd-analyze here") { (try? Command.named("systemd-analyze")) != nil })
    func `systemd finds nothing wrong with the units`() async throws {
        let analyze = try Command.named("systemd-analyze")
        let folder = bench.path("units")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
            .filter { $0.hasSuffix(".service") || $0.hasSuffix(".timer") }
        #expect(names.count == 3)
        for name in names {
            try unit(name).write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
        }
        // A template is looked at as an instance.
        let paths = names.map { "\(folder)/" + $0.replacing("@.", with: "@nightly.") }
        for (name, path) in zip(names, paths) where "\(folder)/\(name)" != path {
            try FileManager.default.copyItem(atPath: "\(folder)/\(name)", toPath: path)
        }
        let outcome = try await analyze.run(["verify", "--man=no"] + paths)
        let complaints = outcome.errors.split(separator: "\n").filter { $0.contains("cairn") }
        #expect(complaints.isEmpty, "\(outcome.errors)")
        #expect(outcome.status == 0, "\(outcome.errors)")
    }
}
