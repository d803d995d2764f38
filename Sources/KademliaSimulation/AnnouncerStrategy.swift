// SPDX-License-Identifier: Apache-2.0

public import KademliaDHT
public import Multiformats

/// A way to announce many blocks.
public protocol AnnouncerStrategy: Sendable {
    /// What tables call it.
    var name: String { get }

    /// Announces all of `keys` once through `routing`.
    ///
    /// - Throws: what makes it give up; a peer that does not answer is no such thing.
    func announce(
        _ keys: [Multihash], through routing: some ProviderRouting, clock: any Clock<Duration>
    ) async throws
}

/// Looks each block up by itself, and tells the nearest peers, one stream for each record.
public struct OneByOne: AnnouncerStrategy {
    /// Blocks that are announced at once.
    public let width: Int

    /// Announces `width` blocks at once.
    public init(width: Int = 32) {
        precondition(width > 0, "a width of \(width)")
        self.width = width
    }

    /// Its name.
    public var name: String { "one by one" }

    /// As in ``AnnouncerStrategy``.
    public func announce(
        _ keys: [Multihash], through routing: some ProviderRouting, clock: any Clock<Duration>
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, key) in keys.enumerated() {
                if index >= width { try await group.next() }
                group.addTask { try await Self.announce(key, through: routing) }
            }
            try await group.waitForAll()
        }
    }

    private static func announce(
        _ key: Multihash, through routing: some ProviderRouting
    ) async throws {
        let peers = try await routing.closestPeers(to: key.bytes)
        await withTaskGroup(of: Void.self) { group in
            for peer in peers {
                group.addTask {
                    // A peer that is gone is one record less.
                    _ = try? await routing.announce(CollectionOfOne(key), to: peer)
                }
            }
        }
    }
}
