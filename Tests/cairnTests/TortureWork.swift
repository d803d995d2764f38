// SPDX-License-Identifier: Apache-2.0

/// What is killed in the torture test.
enum TortureWork: String, CaseIterable, Sendable {
    case ingest, collect, repack, move, recall, forget, forgetAndCollect, pin, unpin, reindex
    /// To reindex when the catalog is gone.
    case rebuild
    case repair, verify, run
    /// A scheduler, which begins with a run that was missed.
    case schedule

    /// The arguments that do not depend on what is stored.
    var arguments: [String] {
        switch self {
        case .ingest: ["ingest", "--quiet", "--chunker", "size-8192"]
        case .collect: ["gc", "--quiet", "--keep-unfinished", "0"]
        case .repack:
            ["gc", "--quiet", "--keep-unfinished", "0", "--repack-below", "100%", "--repack-cold"]
        case .move: ["tier", "move", "--quiet"]
        case .recall: ["tier", "recall", "--quiet", "--all"]
        case .forget: ["forget", "--quiet", "--keep-last", "3"]
        case .forgetAndCollect: Self.forget.arguments + ["--gc"]
        case .pin: ["pin", "add", "--quiet", "--name", "torture"]
        case .unpin: ["pin", "rm"]
        case .reindex, .rebuild: ["reindex"]
        case .repair: ["repair", "--yes"]
        case .verify: ["verify", "--quiet"]
        case .run: ["run", "--json"]
        case .schedule: ["schedule", "--json"]
        }
    }
}

/// How often a command was killed, and when it is best killed.
struct KillTally {
    /// Killed after it had begun to change the disk, and before it had ended.
    private(set) var midst = 0
    /// Had ended by itself.
    private(set) var ended = 0
    /// For how long it works, in seconds, as far as is known.
    private(set) var usual = 0.2

    /// Counts an end, and moves the usual time so that about three of four kills are in the midst.
    mutating func count(isKilled: Bool) {
        if isKilled { midst += 1 } else { ended += 1 }
        usual *= isKilled ? 1.06 : 0.85
    }
}
