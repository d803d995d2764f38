// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A line on the terminal that is kept up to date while something runs.
enum LiveLine {
    /// Runs `body`; meanwhile, if `isWanted` and somebody looks, shows what `text` gives.
    static func showing<Result: Sendable>(
        _ isWanted: Bool, text: @escaping @Sendable () -> String,
        while body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        guard isWanted, Console.errorIsTerminal else { return try await body() }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while true {
                    try await Task.sleep(for: .milliseconds(200))
                    Console.status("\r\u{1B}[K" + text())
                }
            }
            defer {
                group.cancelAll()
                Console.status("\r\u{1B}[K")
            }
            return try await body()
        }
    }
}

/// How many packs are done, for a ``LiveLine``.
final class PackCounter: Sendable {
    private let state = Mutex((done: 0, count: 0))

    func set(_ done: Int, of count: Int) { state.withLock { $0 = (done, count) } }

    var text: String {
        let (done, count) = state.withLock { $0 }
        return "indexed \(done) of \(Figures.count(count, "pack"))"
    }
}
