// SPDX-License-Identifier: Apache-2.0

/// Restores the order of items that stages with several workers finished in any order.
///
/// Items are numbered from 0 without gaps, and each comes in one or more parts, numbered from 0.
/// What is held back is bounded by how far the workers can run ahead, which is up to the caller.
public struct Sequencer<Item> {
    /// Where an item's part stands in the order.
    public struct Position: Hashable, Sendable {
        /// The item's number.
        public let number: Int
        /// The part's number within the item.
        public let part: Int
        /// Whether the item ends with this part.
        public let isLast: Bool

        /// Makes a position.
        public init(number: Int, part: Int, isLast: Bool) {
            self.number = number
            self.part = part
            self.isLast = isLast
        }
    }

    private struct Key: Hashable {
        var number = 0
        var part = 0
    }

    private var next = Key()
    private var early: [Key: (Item, isLast: Bool)] = [:]

    /// A sequencer that waits for the first part of number 0.
    public init() {}

    /// How many parts wait for one before them.
    public var heldCount: Int { early.count }

    /// Takes the part at `position` and calls `body` for each one that is now in order.
    ///
    /// - Complexity: O(1) per part, amortised.
    public mutating func accept(
        _ item: Item, at position: Position,
        _ body: (Item, _ isLast: Bool) async throws -> Void
    ) async rethrows {
        let key = Key(number: position.number, part: position.part)
        guard key == next else {
            let previous = early.updateValue((item, position.isLast), forKey: key)
            precondition(previous == nil, "position \(position) came twice")
            return
        }
        var current = (item, isLast: position.isLast)
        while true {
            advance(pastLast: current.isLast)
            try await body(current.0, current.isLast)
            guard let following = early.removeValue(forKey: next) else { return }
            current = following
        }
    }

    private mutating func advance(pastLast isLast: Bool) {
        next = isLast ? Key(number: next.number + 1) : Key(number: next.number, part: next.part + 1)
    }
}
