// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Catalog
import FileIO
import Foundation
import Lifecycle
import Multiformats
import Repository
import Synchronization

struct PinCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pin", abstract: "Keep what no snapshot keeps.",
        discussion: """
            cairn pin add bafybei… --name photos
            cairn pin add latest:docs --expires 30d
            cairn pin ls
            cairn pin rm photos

            What snapshots name is kept without a pin.
            """,
        subcommands: [AddPin.self, RemovePin.self, ListPins.self])
}

struct AddPin: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Keep a CID and all below it.",
        discussion: """
            All blocks must be here. What is not is fetched by `cairn get CID` first; pinned, it \
            moves from the cache to the store that lasts. A pin of the same CID is replaced.
            """)

    @Argument(
        help:
            "CID, CID/path, latest, the beginning of a snapshot's id, or one of these with :path.",
        completion: .snapshots)
    var path: String

    @Option(help: ArgumentHelp("A label.", valueName: "text"))
    var name: String?

    @Flag(
        exclusivity: .exclusive,
        help: ArgumentHelp("Keep all below as well (default), or the block alone."))
    var depth = Depth.recursive

    @Option(
        help: ArgumentHelp(
            "Until when: a length of time, such as 30d or 1y, or a date, such as 2026-12-31.",
            valueName: "time"))
    var expires: String?

    @Flag(name: .shortAndLong, help: "Show no progress.")
    var quiet = false

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    enum Depth: String, EnumerableFlag {
        case recursive, direct
    }

    func run() async throws {
        let expiry = try expires.map(Self.expiry)
        let reference = try TreeReference(path)
        let opened = try await repository.open()
        guard case .entry(let cid) = try await reference.resolve(in: opened) else {
            throw UsageError(
                message: "\(path) has several roots; name one with \(path):NAME")
        }
        let count = Mutex(0)
        let (depth, name) = (depth, name)
        let added = try await LiveLine.showing(!quiet && !output.json) {
            "found \(Figures.count(count.withLock { $0 }, "block"))"
        } while: {
            try await Pins(opened).add(
                cid, isRecursive: depth == .recursive, name: name, expiresAtMilliseconds: expiry
            ) { found in count.withLock { $0 = found } }
        }
        if output.json {
            var fields = PinReport(added.pin).fields
            fields.append(("blocks", .count(added.blockCount)))
            fields.append(("storedAgain", .count(added.storedAgainCount)))
            return Console.line(JSON.object(fields).text)
        }
        Console.line("\(cid)")
        guard !quiet else { return }
        var text = "pinned \(Figures.count(added.blockCount, "block"))"
        if added.storedAgainCount > 0 {
            text += ", \(Figures.count(added.storedAgainCount)) of them taken over from the cache"
        }
        Console.error(text)
    }

    /// When a pin made now ends.
    private static func expiry(_ text: String) throws -> Int64 {
        let now = WallClock.milliseconds
        let end: Int64?
        if let duration = CalendarDuration(text) {
            end = duration.after(milliseconds: now, in: .current)
        } else {
            end = PointInTime.milliseconds(text, .last, now: now)
        }
        guard let end, end > now else {
            throw UsageError(
                message:
                    "--expires \(text): give a length of time such as 30d, or a date that is still to come"
            )
        }
        return end
    }
}

struct RemovePin: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm", abstract: "Take pins away.",
        discussion: "Blocks stay until the next garbage collection.")

    @Argument(help: "CIDs, names, or the beginnings of pins' ids.", completion: .pins)
    var pins: [String]

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let store = Pins(try await repository.open())
        var found: [Pin] = []
        for text in pins {
            for pin in try await store.matching(text)
            where !found.contains(where: { $0.id == pin.id }) { found.append(pin) }
        }
        try await store.remove(found)
        for pin in found {
            Console.line(
                output.json
                    ? JSON.object(PinReport(pin).fields).text : SnapshotReport.text(pin.cid))
        }
    }
}

struct ListPins: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls", abstract: "List pins, oldest first.")

    @Flag(help: "Also those that have expired.")
    var all = false

    @Flag(name: .shortAndLong, help: "Print CIDs only.")
    var quiet = false

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let pins = try await Pins(try await repository.open()).list(includingExpired: all)
        if quiet {
            for pin in pins { Console.line(SnapshotReport.text(pin.cid)) }
        } else if output.json {
            for pin in pins { Console.line(JSON.object(PinReport(pin).fields).text) }
        } else if pins.isEmpty {
            Console.error("nothing is pinned")
        } else {
            var table = Table([
                ("CID", .left), ("TYPE", .left), ("PINNED", .left), ("EXPIRES", .left),
                ("NAME", .left),
            ])
            for pin in pins { table.add(PinReport(pin).cells) }
            for line in table.lines { Console.line(line) }
        }
    }
}

/// A pin for people and for programs.
struct PinReport {
    private let pin: Pin

    init(_ pin: Pin) { self.pin = pin }

    private var kind: String { pin.isRecursive ? "recursive" : "direct" }

    var cells: [String] {
        [
            SnapshotReport.text(pin.cid), kind,
            Figures.time(milliseconds: pin.createdAtMilliseconds),
            pin.expiresAtMilliseconds.map { Figures.time(milliseconds: $0) } ?? "never",
            pin.name.map { Escape.name($0) } ?? "",
        ]
    }

    var fields: [(String, JSON)] {
        [
            ("id", .string(pin.id)), ("cid", .string(SnapshotReport.text(pin.cid))),
            ("type", .string(kind)), ("name", .text(pin.name)),
            ("created", .string(Figures.time(milliseconds: pin.createdAtMilliseconds))),
            ("expires", .text(pin.expiresAtMilliseconds.map { Figures.time(milliseconds: $0) })),
        ]
    }
}
