// SPDX-License-Identifier: Apache-2.0

extension [UInt8] {
    /// Appends at most `byteCount` bytes, which `body` writes to the array's own memory.
    ///
    /// - Throws: what `body` throws; the array is then as it was.
    mutating func append<Failure: Error>(
        atMost byteCount: Int, _ body: (inout OutputRawSpan) throws(Failure) -> Void
    ) throws(Failure) {
        try append(addingCapacity: byteCount) { output throws(Failure) in
            try output.withUnsafeMutableBufferPointer { bytes, count throws(Failure) in
                let free = UnsafeMutableRawBufferPointer(
                    UnsafeMutableBufferPointer(rebasing: bytes[count...]))
                var raw = OutputRawSpan(buffer: free, initializedCount: 0)
                try body(&raw)
                count += raw.finalize(for: free)
            }
        }
    }
}
