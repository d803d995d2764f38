// SPDX-License-Identifier: Apache-2.0

import BlockStore
public import Catalog
import FileIO
import IPLD
public import Multiformats
public import Repository

/// Keeps what is pinned, whether or not a snapshot names it: what `cairn pin` does.
public struct Pins: Sendable {
    /// The longest name, in bytes; that of the pinning service API.
    private static let nameLimit = 255

    private let repository: Repository

    /// The pins of `repository`.
    public init(_ repository: Repository) { self.repository = repository }

    /// What a new pin keeps.
    public struct Added: Sendable {
        /// The pin.
        public let pin: Pin
        /// Blocks that it keeps.
        public let blockCount: Int
        /// Those of them that only the cache had, or that were about to be removed: they were
        /// stored again.
        public let storedAgainCount: Int
    }

    /// Pins `cid`; when it returns all blocks that it keeps are durable here, and so is the pin.
    ///
    /// A pin of the same CID is replaced, but a recursive one by none that is not.
    ///
    /// - Parameters:
    ///   - name: a label; it need not be the only one of that name.
    ///   - expiry: when the pin ends, in milliseconds since 1970 (UTC).
    ///   - onProgress: called now and then with the blocks found so far.
    /// - Throws: ``SnapshotError`` with `missingBlocks` that names them, or `noPin` if it would
    ///   replace a recursive one; `CatalogError`, `PackError`, `BlockStoreError`.
    public func add(
        _ cid: CID, isRecursive: Bool = true, name: String? = nil,
        expiresAtMilliseconds expiry: Int64? = nil,
        onProgress: @Sendable (_ blockCount: Int) -> Void = { _ in }
    ) async throws -> Added {
        if let name { try Self.check(name) }
        let earlier = try await repository.catalog.pins().filter { $0.cid == cid.bytes }
        let now = repository.clock.milliseconds
        let isKept = earlier.contains { $0.isRecursive && !$0.isExpired(atMilliseconds: now) }
        guard isRecursive || !isKept else {
            throw SnapshotError(
                .noPin,
                "\(cid) is pinned with all below it; a direct pin would keep less: `cairn pin rm` it first"
            )
        }
        // Until the session ends no collection removes what the walk has found.
        return try await repository.withSession(.pin) { session in
            var walk = PinWalk(repository)
            try await walk.run(cid, isRecursive: isRecursive, onProgress: onProgress)
            var pin = Pin(
                id: PackID.make().description, cid: cid.bytes, isRecursive: isRecursive,
                name: name, createdAtMilliseconds: now, expiresAtMilliseconds: expiry)
            var changes = [
                RootChange(id: session.id, madeAtMilliseconds: now, action: .pin(pin))
            ]
            if !earlier.isEmpty {
                changes.append(RootChange(.unpin(earlier.map(\.target)), at: now))
            }
            pin.recordCID = try await repository.make(changes, in: session)[0].recordCID
            return Added(
                pin: pin, blockCount: walk.blockCount, storedAgainCount: walk.storedAgainCount)
        }
    }

    /// Takes pins away; durable when it returns.
    ///
    /// The next garbage collection removes the blocks that nothing else keeps.
    public func remove(_ pins: [Pin]) async throws {
        guard !pins.isEmpty else { return }
        try await repository.make([
            RootChange(.unpin(pins.map(\.target)), at: repository.clock.milliseconds)
        ])
    }

    /// The pins, oldest first; expired ones are left out unless asked for.
    public func list(includingExpired: Bool = false) async throws -> [Pin] {
        let now = repository.clock.milliseconds
        return try await repository.catalog.pins().filter {
            includingExpired || !$0.isExpired(atMilliseconds: now)
        }
    }

    /// The pins that a CID, a name, or the beginning of an id stands for.
    ///
    /// - Throws: ``SnapshotError`` with `noPin` if there is none, or several ids begin so.
    public func matching(_ text: String) async throws -> [Pin] {
        let pins = try await repository.catalog.pins()
        if let cid = try? CID(text: text) {  // no CID: a name or an id
            let found = pins.filter { $0.cid == cid.bytes }
            if !found.isEmpty { return found }
        }
        let named = pins.filter { $0.name == text }
        if !named.isEmpty { return named }
        let found = pins.filter { $0.id.hasPrefix(text) }
        if found.count == 1, !text.isEmpty { return found }
        throw SnapshotError(
            .noPin,
            found.count > 1
                ? "several pins' ids begin with \(text)"
                : "no pin has the CID, name or id \(text); `cairn pin ls` lists them")
    }

    private static func check(_ name: String) throws(SnapshotError) {
        guard (1...nameLimit).contains(name.utf8.count) else {
            throw SnapshotError(.badReference, "a pin's name has 1 to \(nameLimit) bytes")
        }
    }
}

extension Pin {
    fileprivate var target: RootChange.Target { .init(id: id, recordCID: recordCID) }
}
