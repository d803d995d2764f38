// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Catalog
import Lifecycle
import Multiformats

struct Why: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why", abstract: "Say what keeps a block from being freed.",
        discussion: """
            Names the newest snapshot or pin from which the block can be reached, and the way: \
            the names of directories and files from the root. Exit code 1 if the store does not \
            have the block.

            Example:
              cairn why bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi
            """)

    @Argument(help: ArgumentHelp("The block.", valueName: "cid"))
    var cid: String

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let wanted: CID
        do { wanted = try CID(text: cid) } catch {
            throw UsageError(message: "\(cid) is no CID: \(error)")
        }
        let opened = try await repository.open()
        let reason = try await LiveLine.showing(!output.json) {
            "looking for what keeps \(wanted)"
        } while: {
            try await KeepSearch(opened).reason(for: wanted)
        }
        Console.line(output.json ? json(reason).text : text(reason))
        if case .notHere = reason { throw ExitCode(Failure.failed) }
    }

    private func text(_ reason: KeepReason) -> String {
        switch reason {
        case .root(let path):
            var text = "\(path.root.origin.text) keeps it"
            if path.steps.isEmpty { return text + ": it is the root" }
            text += "\n  root \(path.cid)"
            for step in path.steps {
                let name = step.name.map { Escape.name($0) } ?? "part"
                text += "\n  \(name) \(step.cid)"
            }
            if !path.names.isEmpty { text += "\n  path /\(Escape.name(path.names))" }
            return text
        case .session(let id, true, _): return "session \(id), which is still running, stored it"
        case .session(let id, false, _):
            return
                "session \(id) stored it and ended without a snapshot; gc leaves it for --keep-unfinished"
        case .cache: return "it is in the cache alone, which goes by use"
        case .nothing(let pack): return "nothing keeps it: the next gc may free it (pack \(pack))"
        case .notHere: return "not here"
        case .inline: return "the CID holds the block itself; nothing is stored"
        }
    }

    private func json(_ reason: KeepReason) -> JSON {
        switch reason {
        case .root(let path):
            .object(
                [("kept", true), ("by", .string(path.root.origin.kind))]
                    + path.root.origin.fields + [
                        ("root", .string("\(path.cid)")), ("path", .string(path.names)),
                        (
                            "steps",
                            .array(
                                path.steps.map {
                                    .object([
                                        (
                                            "name",
                                            .text(
                                                $0.name.map { String(decoding: $0, as: UTF8.self) })
                                        ), ("cid", .string("\($0.cid)")),
                                    ])
                                })
                        ),
                    ])
        case .session(let id, let isAlive, let pack):
            .object([
                ("kept", true), ("by", "session"), ("session", .string(id)),
                ("running", .bool(isAlive)), ("pack", .string("\(pack)")),
            ])
        case .cache(let pack):
            .object([("kept", true), ("by", "cache"), ("pack", .string("\(pack)"))])
        case .nothing(let pack): .object([("kept", false), ("pack", .string("\(pack)"))])
        case .notHere: .object([("kept", false), ("here", false)])
        case .inline: .object([("kept", true), ("by", "cid")])
        }
    }
}

extension CatalogRoot.Origin {
    fileprivate var kind: String {
        switch self {
        case .snapshot: "snapshot"
        case .pin: "pin"
        case .record: "record"
        }
    }

    fileprivate var text: String {
        switch self {
        case .snapshot(let id): "snapshot \(id)"
        case .pin(let id, let name): name.map { "pin \($0) (\(id))" } ?? "pin \(id)"
        case .record(let subject): "the record of \(subject)"
        }
    }

    fileprivate var fields: [(String, JSON)] {
        switch self {
        case .snapshot(let id): [("snapshot", .string(id))]
        case .pin(let id, let name): [("pin", .string(id)), ("name", .text(name))]
        case .record(let subject): [("of", .string(subject))]
        }
    }
}
