// SPDX-License-Identifier: Apache-2.0

extension InputTree {
    /// What is left to import once the options have had their say.
    public func prepared(_ options: DAGCase.Options) -> InputTree {
        guard case .directory(let entries) = kind else { return self }
        var kept: [(name: String, tree: InputTree)] = []
        for entry in entries where !options.leavesOut(entry.name) {
            var tree = entry.tree
            if options.followsSymlinks, case .symlink(let target) = tree.kind,
                let goal = entries.first(where: { $0.name == target })
            {
                tree = goal.tree
            }
            // Whether it is empty is asked before its own entries are looked at, as Kubo does.
            if case .directory(let inner) = tree.kind, !options.keepsEmptyDirectories,
                inner.allSatisfy({ options.leavesOut($0.name) })
            {
                continue
            }
            kept.append((entry.name, tree.prepared(options)))
        }
        return InputTree(.directory(kept), mode: mode, mtime: mtime)
    }
}

extension DAGCase.Options {
    fileprivate func leavesOut(_ name: String) -> Bool {
        if name.hasPrefix("."), !includesHidden { return true }
        return ignored.contains { pattern in
            pattern.hasPrefix("*") ? name.hasSuffix(pattern.dropFirst()) : name == pattern
        }
    }
}
