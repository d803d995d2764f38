// SPDX-License-Identifier: Apache-2.0

/// An option that cannot be, or credentials that are not there.
public struct S3OptionsError: Error, Hashable, Sendable {
    /// The option, as it is named in ``S3Options``, such as "bucket" or "transfer.partByteCount".
    public let option: String
    /// What is wrong with it, and what would be right, for people.
    public let message: String

    init(_ option: String, _ message: String) {
        self.option = option
        self.message = message
    }
}

extension S3OptionsError: CustomStringConvertible {
    /// "S3 OPTION: MESSAGE".
    public var description: String { "S3 \(option): \(message)" }
}
