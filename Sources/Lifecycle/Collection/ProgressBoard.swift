// SPDX-License-Identifier: Apache-2.0

public import Catalog
import Synchronization

/// What a garbage collection is doing.
public struct CollectionProgress: Sendable {
    /// The steps, in their order.
    public enum Phase: Hashable, Sendable {
        /// Waits for another collection to end.
        case waitingForOther
        /// Follows links.
        case marking
        /// Counts what is dead in each pack.
        case planning
        /// Waits for sessions that may rely on what is dead.
        case waitingForSessions
        /// Looks at roots that came meanwhile, and removes packs from the catalog.
        case sweeping
        /// Copies what lives in packs that are mostly dead.
        case rewriting
        /// Deletes files.
        case deleting
    }

    /// The step at hand.
    public var phase = Phase.marking
    /// Blocks that roots reach, as far as found.
    public var reachedCount = 0
    /// Blocks that were read for their links.
    public var readBlockCount = 0
    /// How often a pack was opened for that.
    public var readPackCount = 0
    /// Packs planned, or swept, or deleted, of ``packCount``.
    public var donePackCount = 0
    /// The packs of this step.
    public var packCount = 0
    /// Bytes of blocks copied, of ``byteCount``.
    public var doneByteCount: Int64 = 0
    /// Bytes of blocks to copy.
    public var byteCount: Int64 = 0
    /// The sessions that are waited for.
    public var sessions: [Session] = []
}

/// Holds the progress for whoever looks.
final class ProgressBoard: Sendable {
    private let progress = Mutex(CollectionProgress())

    var current: CollectionProgress { progress.withLock { $0 } }

    func update(_ change: (inout CollectionProgress) -> Void) {
        progress.withLock { change(&$0) }
    }

    /// Begins a step.
    func begin(_ phase: CollectionProgress.Phase, packs: Int = 0, bytes: Int64 = 0) {
        update {
            $0.phase = phase
            $0.donePackCount = 0
            $0.packCount = packs
            $0.doneByteCount = 0
            $0.byteCount = bytes
            $0.sessions = []
        }
    }
}
