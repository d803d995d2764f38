// SPDX-License-Identifier: Apache-2.0

/// What a corpus consists of, step by step, without any I/O.
///
/// Memory does not grow with the size of the corpus.
struct CorpusPlan {
    /// One step of the way through the tree, which begins and ends at its top.
    enum Step: Hashable {
        case enterDirectory(String)
        case leaveDirectory
        /// A file with these stretches one after the other.
        case file(String, [Content])
    }

    /// How files are spread over directories.
    private enum Layout {
        case top
        /// The next file is in the same directory, or now and then in a new one below it or in
        /// the one above.
        case wander
        case groups(of: Int)
        /// As many files on each level, so many levels, then anew.
        case chains(levels: Int, files: Int)
    }

    private let corpus: Corpus
    private let seed: UInt64
    private let layout: Layout
    private let largest: Int
    private var random: SplitMix
    private var left: Int
    private var files = 0
    private var directories = 0
    private var depth = 0
    private var filesInDirectory = 0
    private var pending: [Step] = []
    /// Contents that later files may repeat.
    private var earlier: [Content] = []

    init(_ corpus: Corpus, byteCount: Int, seed: UInt64) {
        precondition(byteCount > 0, "a corpus of \(byteCount) bytes")
        self.corpus = corpus
        self.seed = seed
        left = byteCount
        // No file makes up so much of a small corpus that its kind decides all.
        largest = max(1, byteCount / 8)
        random = SplitMix(seed: SplitMix.derive(seed, .max))
        layout =
            switch corpus {
            case .random, .compressible: .top
            case .tree, .unchanged, .duplicates: .wander
            case .smallFiles: .groups(of: 250)
            case .hugeDirectory: .groups(of: .max)
            case .deep: .chains(levels: 200, files: 2)
            }
    }

    /// The next step; nil after the last.
    mutating func next() -> Step? {
        if pending.isEmpty { plan() }
        return pending.isEmpty ? nil : pending.removeFirst()
    }

    private mutating func plan() {
        guard left > 0 else {
            if depth > 0 { leave() }
            return
        }
        move()
        let contents = contents()
        left -= contents.reduce(0) { $0 + $1.byteCount }
        pending.append(.file(name(of: contents), contents))
        files += 1
        filesInDirectory += 1
    }

    /// Goes to the directory of the next file.
    private mutating func move() {
        switch layout {
        case .top: break
        case .wander:
            guard random.chance(1, of: 12) else { return }
            if depth < 8, depth == 0 || random.chance(1, of: 2) { enter(word()) } else { leave() }
        case .groups(let size):
            if depth > 0, filesInDirectory == size { leave() }
            if depth == 0 { enter("d") }
        case .chains(let levels, let size):
            guard depth == 0 || filesInDirectory == size else { return }
            if depth == levels { leaveAll() }
            enter(depth == 0 ? "chain" : "d")
        }
    }

    private mutating func enter(_ word: String) {
        // Below a chain's top there is one directory each, and short names keep paths short.
        pending.append(.enterDirectory(word == "d" && depth > 0 ? "d" : "\(word)\(directories)"))
        directories += 1
        depth += 1
        filesInDirectory = 0
    }

    private mutating func leave() {
        pending.append(.leaveDirectory)
        depth -= 1
        filesInDirectory = 0
    }

    private mutating func leaveAll() {
        while depth > 0 { leave() }
    }

    private mutating func word() -> String {
        Vocabulary.names[random.below(Vocabulary.names.count)]
    }

    private mutating func name(of contents: [Content]) -> String {
        let ending =
            switch contents[0].kind {
            case .text: ".txt"
            case .binary: ".bin"
            case .random: ".dat"
            }
        return "\(layoutHasLongNames ? word() : "f")\(files)\(ending)"
    }

    private var layoutHasLongNames: Bool {
        if case .wander = layout { true } else { false }
    }
}

extension CorpusPlan {
    /// What is in the next file.
    private mutating func contents() -> [Content] {
        switch corpus {
        case .random: [fresh(.random, left)]
        case .compressible: [fresh(.text, left)]
        case .tree, .unchanged: [fresh(mixedKind(), mixedByteCount())]
        case .smallFiles:
            [fresh(random.chance(7, of: 10) ? .text : .random, random.within(200...16_000))]
        case .deep: [fresh(.text, random.within(1024...8192))]
        case .hugeDirectory: [fresh(.text, random.within(64...1984))]
        case .duplicates: repeated()
        }
    }

    private func fresh(_ kind: Content.Kind, _ byteCount: Int) -> Content {
        Content(
            kind: kind, seed: SplitMix.derive(seed, UInt64(files)), byteCount: min(byteCount, left))
    }

    private mutating func mixedKind() -> Content.Kind {
        switch random.below(20) {
        case 0..<13: .text
        case 13..<17: .binary
        default: .random
        }
    }

    private mutating func mixedByteCount() -> Int {
        let isLarge = random.chance(1, of: 2000)
        return min(isLarge ? random.withBits(20...23) : random.withBits(7...16), largest)
    }

    /// How many contents are remembered.
    private static var memory: Int { 256 }

    /// One new file in four; else an earlier one, whole or changed.
    private mutating func repeated() -> [Content] {
        let choice = random.below(4)
        guard choice > 0, !earlier.isEmpty else {
            let new = fresh(mixedKind(), min(random.withBits(12...21), largest))
            if earlier.count < Self.memory {
                earlier.append(new)
            } else {
                earlier[random.below(Self.memory)] = new
            }
            return [new]
        }
        let old = earlier[random.below(earlier.count)]
        if choice < 3 { return cut([old]) }
        let place = random.below(old.byteCount)
        var (head, tail) = (old, old)
        head.byteCount = place
        tail.offset += place
        tail.byteCount -= place
        let hasInsertion = random.chance(1, of: 2)
        let new = fresh(old.kind, hasInsertion ? random.within(1...1000) : tail.byteCount)
        return cut(hasInsertion ? [head, new, tail] : [head, new])
    }

    /// `contents` without what is empty, or more than is left.
    private func cut(_ contents: [Content]) -> [Content] {
        var room = left
        return contents.compactMap { content in
            var content = content
            content.byteCount = min(content.byteCount, room)
            room -= content.byteCount
            return content.byteCount > 0 ? content : nil
        }
    }
}
