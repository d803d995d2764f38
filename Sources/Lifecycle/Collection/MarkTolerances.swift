// SPDX-License-Identifier: Apache-2.0

/// What may be wrong below each root.
struct MarkTolerances {
    /// The ids of snapshots of archives, which need not be whole.
    let imports: Set<String>
    /// The ids of snapshots that are known to lack blocks.
    let incomplete: Set<String>
    /// Whether what hangs on lost nodes is given up.
    let givesUpLost: Bool

    /// What may be wrong below the roots of a snapshot, or with its record.
    func of(_ id: String) -> MarkRoot.Tolerance {
        let known: MarkRoot.Tolerance = incomplete.contains(id) ? ofLosses : .nothing
        let whole: MarkRoot.Tolerance = imports.contains(id) ? .missing : .nothing
        return known.rawValue > whole.rawValue ? known : whole
    }

    /// What may be wrong below pins: nobody walks these, and they may share what snapshots lack.
    var ofPins: MarkRoot.Tolerance { incomplete.isEmpty ? .nothing : ofLosses }

    private var ofLosses: MarkRoot.Tolerance { givesUpLost ? .damaged : .leaves }
}
