// SPDX-License-Identifier: Apache-2.0

/// A CID that the user wants kept, whether or not a snapshot names it.
public struct Pin: Hashable, Sendable {
    /// The pin's name, a UUIDv7 in text form; never used again.
    public var id: String
    /// What is kept, in binary form.
    public var cid: [UInt8]
    /// Whether all blocks below are kept, too.
    public var isRecursive: Bool
    /// The user's label.
    public var name: String?
    /// When it was made, in milliseconds since 1970 (UTC).
    public var createdAtMilliseconds: Int64
    /// When it stops to keep anything, in milliseconds since 1970 (UTC); nil for never.
    public var expiresAtMilliseconds: Int64?
    /// The CID, in binary form, of the dag-cbor block that holds this pin in a pack.
    public var recordCID: [UInt8]

    /// A pin with each property given.
    public init(
        id: String, cid: [UInt8], isRecursive: Bool, name: String? = nil,
        createdAtMilliseconds: Int64, expiresAtMilliseconds: Int64? = nil, recordCID: [UInt8] = []
    ) {
        self.id = id
        self.cid = cid
        self.isRecursive = isRecursive
        self.name = name
        self.createdAtMilliseconds = createdAtMilliseconds
        self.expiresAtMilliseconds = expiresAtMilliseconds
        self.recordCID = recordCID
    }

    /// Whether it keeps nothing any more at that time, in milliseconds since 1970 (UTC).
    public func isExpired(atMilliseconds milliseconds: Int64) -> Bool {
        expiresAtMilliseconds.map { $0 <= milliseconds } ?? false
    }
}
