// SPDX-License-Identifier: Apache-2.0

public import BlockStore
import FileIO
import ObjectStore

/// What was found of packs whose writers died.
public struct SalvageReport: Sendable {
    /// Packs that were completed and sealed.
    public internal(set) var packs: [SealedPack] = []
    /// Parts that held no whole frame of blocks, and were removed.
    public internal(set) var removedCount = 0
    /// Parts that could not be completed, for a reason of the store's; they are still there.
    public internal(set) var failures: [PackError] = []

    /// Nothing found.
    public init() {}

    /// Adds what was found in another tier.
    public static func += (left: inout SalvageReport, right: SalvageReport) {
        left.packs += right.packs
        left.removedCount += right.removedCount
        left.failures += right.failures
    }
}

extension PackStore {
    /// Completes the packs that dead writers left unfinished in `tier`.
    ///
    /// Keeps each part's whole frames up to the first that is cut short or damaged, writes index
    /// and seek table behind them, and seals the pack. Parts whose writers live are left alone.
    /// May be interrupted and repeated, and run by several processes at once: whoever takes a
    /// part's lock first has it.
    ///
    /// Flags of blocks are kept only if the writer had finished its index.
    /// - Throws: ``PackError`` if the store cannot list its parts.
    ///
    /// - Parameter discarded: packs whose parts are removed instead: copies of what is whole
    ///   elsewhere.
    public func salvage(
        _ tier: PackTier, discarding discarded: Set<PackID> = []
    ) async throws -> SalvageReport {
        try await run(tier) { [self] in
            let store = try objectStore(tier)
            var report = SalvageReport()
            for (id, key) in try unfinished(in: store) {
                do throws(PackError) {
                    if discarded.contains(id) {
                        if try discard(id, key, in: store) { report.removedCount += 1 }
                    } else {
                        try salvage(id, key, in: store, tier: tier, &report)
                    }
                } catch {
                    report.failures.append(error)
                }
            }
            return report
        }
    }

    /// The packs that were begun in `tier` and not sealed, by writers alive or dead.
    ///
    /// - Throws: ``PackError`` if the store cannot list its parts.
    public func unfinishedPacks(in tier: PackTier) async throws -> [PackID] {
        try await run(tier) { [self] in try unfinished(in: objectStore(tier)).map(\.0) }
    }

    /// Removes the parts that dead writers left in `tier`, in which nothing is written but copies
    /// of packs that are whole elsewhere.
    ///
    /// - Parameter copied: packs that nobody else is writing there, for stores that cannot tell
    ///   whether a writer lives.
    /// - Returns: how many were removed.
    /// - Throws: ``PackError`` of the store.
    @discardableResult
    public func discardParts(
        in tier: PackTier, ofCopied copied: Set<PackID> = []
    ) async throws -> Int {
        try await run(tier) { [self] in
            let store = try objectStore(tier)
            var count = 0
            for (id, key) in try unfinished(in: store)
            where try discard(id, key, in: store, isOurs: copied.contains(id)) {
                count += 1
            }
            return count
        }
    }

    private func unfinished(
        in store: any ObjectStore
    ) throws(PackError) -> [(PackID, ObjectKey)] {
        do throws(ObjectStoreError) {
            var parts: [(PackID, ObjectKey)] = []
            for key in try store.unfinished() {
                if let id = PackFormat.packID(key) { parts.append((id, key)) }
            }
            return parts
        } catch {
            throw PackError(error, pack: nil)
        }
    }

    /// Removes a part, unless its writer lives.
    private func discard(
        _ id: PackID, _ key: ObjectKey, in store: any ObjectStore, isOurs: Bool = false
    ) throws(PackError) -> Bool {
        do throws(ObjectStoreError) {
            if isOurs { return try store.discardUnfinished(key) }
            guard let part = try store.takeOver(key) else { return false }
            part.abandon()
            return true
        } catch {
            throw PackError(error, pack: id)
        }
    }

    private func salvage(
        _ id: PackID, _ key: ObjectKey, in store: any ObjectStore, tier: PackTier,
        _ report: inout SalvageReport
    ) throws(PackError) {
        let taken: (any UnfinishedObject)?
        do { taken = try store.takeOver(key) } catch { throw PackError(error, pack: id) }
        guard let part = taken else { return }
        let contents = try soundContents(of: part, id: id)
        guard !contents.blocks.isEmpty else {
            part.abandon()
            report.removedCount += 1
            return
        }
        let pack: PackIndex
        if let index = try finishedIndex(of: part, id: id), index.contents.isSame(as: contents) {
            pack = index
        } else {
            pack = PackIndex(
                id: id, kind: contents.guessedKind,
                createdAtMilliseconds: clock.milliseconds, contents: contents)
            try complete(part, pack)
        }
        do { try part.seal() } catch { throw PackError(error, pack: id) }
        report.packs.append(
            SealedPack(
                id: id, kind: pack.kind, tier: tier,
                createdAtMilliseconds: pack.createdAtMilliseconds, byteCount: pack.byteCount,
                storedByteCount: part.byteCount, blocks: pack.blocks))
    }

    /// The frames from the start up to the first that is not whole and sound.
    private func soundContents(
        of part: any UnfinishedObject, id: PackID
    ) throws(PackError) -> PackContents {
        var walk = FrameWalk(part, id: id)
        var contents = PackContents()
        while let frame = try walk.next(), frame.damage.isEmpty,
            contents.blocks.count + frame.blocks.count <= PackFormat.maximumBlockCount
        {
            contents.append(frame)
        }
        return contents
    }

    /// The index, if the writer, or a salvager before, came to write all of it.
    private func finishedIndex(
        of part: any UnfinishedObject, id: PackID
    ) throws(PackError) -> PackIndex? {
        do { return try PackReader(id, part).index() } catch {
            if error.code == .damaged || error.code == .unsupported { return nil }
            throw error
        }
    }

    /// Replaces what follows the sound frames by index and seek table.
    private func complete(
        _ part: any UnfinishedObject, _ pack: PackIndex
    ) throws(PackError) {
        do throws(ObjectStoreError) {
            try part.truncate(to: pack.contents.endOffset)
            try part.append(
                pack.contents.trailer(
                    id: pack.id, kind: pack.kind,
                    createdAtMilliseconds: pack.createdAtMilliseconds))
        } catch {
            throw PackError(error, pack: pack.id)
        }
    }
}
