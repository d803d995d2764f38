// SPDX-License-Identifier: Apache-2.0

/// What the providers of each IP group have in a provider store.
struct GroupShares: Sendable {
    /// How many providers there are, and records of them.
    struct Share: Hashable, Sendable {
        var providerCount = 0
        var recordCount = 0

        static func + (left: Share, right: Share) -> Share {
            Share(
                providerCount: left.providerCount + right.providerCount,
                recordCount: left.recordCount + right.recordCount)
        }
    }

    private var shares: [IPGroup: Share] = [:]

    /// What the providers of `group` have.
    subscript(group: IPGroup) -> Share { shares[group] ?? Share() }

    /// Adds to what the providers of `group` have; takes away what is negative.
    mutating func add(_ group: IPGroup, providers: Int = 0, records: Int) {
        let share = self[group] + Share(providerCount: providers, recordCount: records)
        shares[group] = share == Share() ? nil : share
    }
}

extension ProviderStoreLimits {
    /// Whether the providers of an IP group, who have `share`, may have one more record in a store
    /// that holds `whole`, be it of one more provider or not.
    func admits(
        _ share: GroupShares.Share, isNewProvider: Bool, whileHolding whole: GroupShares.Share
    ) -> Bool {
        share.recordCount < countPerGroup(of: recordCount, whileHolding: whole.recordCount)
            && (!isNewProvider
                || share.providerCount
                    < countPerGroup(of: providerCount, whileHolding: whole.providerCount))
    }

    private func countPerGroup(of limit: Int, whileHolding count: Int) -> Int {
        Double(count) < crowdedFill * Double(limit)
            ? limit : max(Int(groupShare * Double(limit)), 1)
    }
}
