// SPDX-License-Identifier: Apache-2.0

extension Span where Element == UInt8 {
    /// The bytes in `range`, which must lie inside the span, as an array of their own.
    ///
    /// - Complexity: O(`range.count`); one allocation.
    package func copied(_ range: Range<Int>) -> [UInt8] {
        precondition(range.upperBound <= count, "\(range) in a span of \(count) bytes")
        // The buffer is valid inside the closure and is copied before it returns.
        return unsafe extracting(range).withUnsafeBufferPointer { unsafe [UInt8]($0) }
    }
}
