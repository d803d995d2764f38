// SPDX-License-Identifier: Apache-2.0

/// Work that counts blocks as present: until it has ended, none of them is removed.
public struct Session: Hashable, Sendable {
    /// Its name, a UUIDv7 in text form; a run's snapshot has the same.
    public var id: String
    /// What kind of work it is, for whoever lists sessions.
    public var kind: String
    /// When it began, in milliseconds since 1970 (UTC).
    public var startedAtMilliseconds: Int64
    /// The machine that it runs on.
    public var host: String
    /// Its process on that machine.
    public var processID: Int

    /// A session with each property given.
    public init(
        id: String, kind: String, startedAtMilliseconds: Int64, host: String, processID: Int
    ) {
        self.id = id
        self.kind = kind
        self.startedAtMilliseconds = startedAtMilliseconds
        self.host = host
        self.processID = processID
    }
}
