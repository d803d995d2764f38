// SPDX-License-Identifier: Apache-2.0

public import Repository

/// Frees what no root reaches, beside everything else that goes on: what `cairn gc` does.
///
/// How, and why nothing is lost: `Docs/gc.md`.
public final class GarbageCollection: Sendable {
    private let repository: Repository
    private let options: CollectionOptions
    private let board = ProgressBoard()

    /// A collection of `repository` that has not begun.
    public init(_ repository: Repository, options: CollectionOptions = CollectionOptions()) {
        self.repository = repository
        self.options = options
    }

    /// What is being done, at any time.
    public var progress: CollectionProgress { board.current }

    /// Frees what is dead, or says what would be freed.
    ///
    /// Interrupted at any point, by cancellation or a crash, it has freed less and harmed nothing;
    /// the next one goes on.
    /// - Throws: ``CollectionError``, `CatalogError`, `PackError`, `CancellationError`.
    public func run() async throws -> CollectionReport {
        let run = CollectionRun(repository, options, board)
        if options.isDryRun { return try await run.rehearse() }
        board.begin(.waitingForOther)
        let lock = try await CollectionLock.take(at: repository.path, wait: options.wait)
        defer { withExtendedLifetime(lock) {} }
        return try await run.collect()
    }
}
