// SPDX-License-Identifier: Apache-2.0

/// A map of the IPLD data model, kept in the order of its keys' UTF-8 bytes.
///
/// The order in which entries were found is not kept: no codec lets it carry meaning, and so two
/// maps of the same entries are equal.
public struct IPLDMap: Hashable, Sendable {
    /// A key and its value.
    public struct Entry: Hashable, Sendable {
        /// The name.
        public let key: String
        /// What it names.
        public var value: IPLDValue

        /// Makes an entry.
        public init(key: String, value: IPLDValue) {
            self.key = key
            self.value = value
        }

        /// Whether the keys' UTF-8 is the same, as `==` on text would be too lenient.
        public static func == (left: Entry, right: Entry) -> Bool {
            left.key.utf8.elementsEqual(right.key.utf8) && left.value == right.value
        }

        /// Feeds what `==` compares.
        public func hash(into hasher: inout Hasher) {
            for byte in key.utf8 { hasher.combine(byte) }
            hasher.combine(value)
        }
    }

    /// The entries, sorted by the UTF-8 bytes of their keys, each key once.
    public private(set) var entries: [Entry]

    /// Makes an empty map.
    public init() { entries = [] }

    /// Makes a map; nil if two entries have the same key.
    ///
    /// - Complexity: O(n) if the entries are sorted, else O(n log n).
    public init?(unique entries: [Entry]) {
        var entries = entries
        let isSorted = entries.indices.dropFirst().allSatisfy {
            Self.precedes(entries[$0 - 1].key, entries[$0].key)
        }
        if !isSorted {
            entries.sort { Self.precedes($0.key, $1.key) }
            for index in entries.indices.dropFirst()
            where !Self.precedes(entries[index - 1].key, entries[index].key) {
                return nil
            }
        }
        self.entries = entries
    }

    /// Whether there are no entries.
    public var isEmpty: Bool { entries.isEmpty }

    /// The number of entries.
    public var count: Int { entries.count }

    /// The value of a key; setting nil removes the entry.
    ///
    /// - Complexity: O(log n) to get, O(n) to add or remove.
    public subscript(key: String) -> IPLDValue? {
        get {
            let index = position(of: key)
            return isKey(key, at: index) ? entries[index].value : nil
        }
        set {
            let index = position(of: key)
            switch (isKey(key, at: index), newValue) {
            case (true, let value?): entries[index].value = value
            case (true, nil): entries.remove(at: index)
            case (false, let value?): entries.insert(Entry(key: key, value: value), at: index)
            case (false, nil): break
            }
        }
    }

    /// Where `key` is, or would be inserted.
    private func position(of key: String) -> Int {
        var lower = 0
        var upper = entries.count
        while lower < upper {
            let middle = lower + (upper - lower) / 2
            if Self.precedes(entries[middle].key, key) {
                lower = middle + 1
            } else {
                upper = middle
            }
        }
        return lower
    }

    private func isKey(_ key: String, at index: Int) -> Bool {
        index < entries.count && entries[index].key.utf8.elementsEqual(key.utf8)
    }

    static func precedes(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }
}

extension IPLDMap: ExpressibleByDictionaryLiteral {
    /// Makes a map; a key given twice is a mistake of the caller.
    public init(dictionaryLiteral elements: (String, IPLDValue)...) {
        guard let map = IPLDMap(unique: elements.map { Entry(key: $0.0, value: $0.1) }) else {
            preconditionFailure("a key is given twice in \(elements.map(\.0))")
        }
        self = map
    }
}
