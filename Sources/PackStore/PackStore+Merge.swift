// SPDX-License-Identifier: Apache-2.0

public import BlockStore
import ObjectStore

extension PackStore {
    /// Writes the blocks of several packs of one kind into one new pack of the same tier, frame by
    /// frame as they are; each is checked on the way, and what is damaged is left out.
    ///
    /// The caller commits the new pack as replacing the others.
    /// - Parameter limit: bytes of frames at which the new pack takes no further pack.
    /// - Returns: the new pack and those that are in it; nil if not two of them can be read.
    /// - Throws: ``PackError`` of the tier.
    public func merge(
        _ packs: [PackID], kind: PackKind, tier: PackTier, storedByteLimit limit: Int64
    ) async throws -> (pack: SealedPack, merged: [PackID])? {
        try await run(tier) { [self] in
            var writer = try writer(kind: kind, tier: tier)
            var merged: [PackID] = []
            do {
                for pack in packs {
                    guard merged.isEmpty || writer.storedByteCount < limit, !writer.isFull else {
                        break
                    }
                    guard let frames = try soundFrames(of: pack, tier: tier) else { continue }
                    let blockCount = frames.reduce(writer.blockCount) { $0 + $1.blocks.count }
                    guard blockCount <= PackLimits.default.blockCount else { break }
                    for frame in frames { try writer.append(frame) }
                    merged.append(pack)
                }
            } catch {
                writer.abandon()
                throw error
            }
            guard merged.count > 1, writer.blockCount > 0 else {
                writer.abandon()
                return nil
            }
            return (try writer.finish().seal(), merged)
        }
    }

    /// The frames of a small pack that are sound, in memory; nil if the pack cannot be read.
    private func soundFrames(of pack: PackID, tier: PackTier) throws(PackError) -> [Frame]? {
        do {
            let object = try openWhole(pack, tier: tier)
            var walk = FrameWalk(object, id: pack)
            var frames: [Frame] = []
            while let (stored, frame) = try walk.nextWithBytes() {
                guard frame.damage.isEmpty, !frame.blocks.isEmpty else { continue }
                frames.append(
                    Frame(
                        stored: Array(stored), contentByteCount: frame.place.contentByteCount,
                        blocks: frame.blocks))
            }
            return frames
        } catch {
            if error.code == .notFound { return nil }
            throw error
        }
    }
}
