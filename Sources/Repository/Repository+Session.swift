// SPDX-License-Identifier: Apache-2.0

import BlockStore
public import Catalog
import FileIO

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension Repository {
    /// Runs `body` in a session: what `body` finds by `Catalog.durablePlaces(of:)` stays until it
    /// returns.
    ///
    /// - Throws: `CatalogError`, `IOError`, and what `body` throws.
    public func withSession<Result>(
        _ kind: RepositorySession.Kind, _ body: (RepositorySession) async throws -> Result
    ) async throws -> Result {
        let id = PackID.make().description
        // Locked before the catalog tells of it: without its lock a session counts as dead.
        let file = try await BlockingPool.shared.run { [path] in try SessionFile(id, in: path) }
        let session = RepositorySession(id: id, repository: self, file: file)
        do {
            try await catalog.begin(
                Session(
                    id: id, kind: kind.rawValue, startedAtMilliseconds: clock.milliseconds,
                    host: Machine.hostName, processID: Int(getpid())))
            let result = try await body(session)
            await end(session)
            return result
        } catch {
            await end(session)
            throw error
        }
    }

    private func end(_ session: RepositorySession) async {
        // Unstructured: awaited here; apart from this task, which may be cancelled.
        await Task { [catalog, path] in
            // What fails leaves a session without a lock, which the next who looks ends.
            try? await catalog.end(session.id)
            await BlockingPool.shared.run { SessionFile.remove(session.id, in: path) }
        }.value
        // Until here its file is open, and so locked.
        withExtendedLifetime(session) {}
    }

    /// Ends the sessions whose processes are dead.
    ///
    /// - Returns: those that live, oldest first.
    /// - Throws: `CatalogError`, `IOError`.
    @discardableResult
    public func endDeadSessions() async throws -> [Session] {
        let (alive, dead, _) = try await findSessions()
        try await catalog.abandon(dead.map(\.id))
        return alive
    }

    /// The sessions that live, those that are dead, and the packs that the living have begun.
    func findSessions() async throws -> (alive: [Session], dead: [Session], packs: Set<PackID>) {
        let sessions = try await catalog.sessions()
        return try await BlockingPool.shared.run { [path] in
            var alive: [Session] = []
            var dead: [Session] = []
            var packs: Set<PackID> = []
            for session in sessions {
                switch try SessionFile.find(session.id, in: path) {
                case .dead: dead.append(session)
                case .alive(let begun):
                    alive.append(session)
                    packs.formUnion(begun)
                }
            }
            // Killed before the catalog told of a session, or after it had told of its end, a process
            // leaves a file that no session has. To look for it removes it, unless it is locked.
            let known = Set(sessions.map(\.id))
            for id in try SessionFile.ids(in: path) where !known.contains(id) {
                _ = try SessionFile.find(id, in: path)
            }
            return (alive, dead, packs)
        }
    }
}
