// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FileIO
import Repository

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Which repository a command works on.
struct RepositoryOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The repository.", discussion: "Default: $CAIRN_REPO, or ~/.cairn.", valueName: "dir"),
        completion: .directory)
    var repo: String?

    /// The path that holds: the flag, the environment, the default, in this order.
    var path: String {
        if let repo { return repo }
        if let value = getenv("CAIRN_REPO"), value.pointee != 0 { return String(cString: value) }
        let home = getenv("HOME").map { String(cString: $0) } ?? "."
        return home + "/.cairn"
    }

    /// Opens the repository; with `creating`, makes it first if there is none.
    func open(creating: Bool = false) async throws -> Repository {
        try await Repository.open(path, creating: creating)
    }

    /// Opens the repository to read from; makes it first if there is none and peers may be asked.
    func open(for fetch: FetchArguments) async throws -> Repository {
        try await open(creating: !fetch.isOffline)
    }

    /// Opens the repository if there is one.
    func openIfPresent() async throws -> Repository? {
        do { return try await Repository.open(path, creating: false) } catch let error
            as RepositoryError where error.code == .missing
        { return nil }
    }
}

/// How a command prints.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print JSON, one object a line.")
    var json = false
}
