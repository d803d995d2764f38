// SPDX-License-Identifier: Apache-2.0

import CZstd
import Synchronization

/// zstd decompression contexts, lent to one thread at a time.
enum FrameDecompressor {
    /// Contexts that are kept for reuse; each takes some 160 KiB.
    ///
    /// As many as there are threads that read blocks at the same time, usually.
    private static let keptCount = 16
    private static let idle = Mutex<[Context]>([])

    /// The content of the frame `stored`, which must be `contentByteCount` long.
    ///
    /// The caller has checked `contentByteCount` against a limit.
    /// - Returns: nil with a reason if zstd finds the frame damaged, or its content has another
    ///   size.
    static func content(
        of stored: ArraySlice<UInt8>, contentByteCount: Int
    ) -> Result<[UInt8], FrameDamage> {
        let context = idle.withLock { $0.popLast() } ?? Context()
        defer { idle.withLock { if $0.count < keptCount { $0.append(context) } } }
        return context.content(of: stored, contentByteCount: contentByteCount)
    }

    /// The stored size of the frame at the start of `bytes`; nil if it does not end within them,
    /// or is no frame.
    static func storedByteCount(_ bytes: ArraySlice<UInt8>) -> Int? {
        // zstd reads `bytes.count` bytes.
        let result = unsafe bytes.withUnsafeBytes { bytes in
            unsafe ZSTD_findFrameCompressedSize(bytes.baseAddress, bytes.count)
        }
        return ZSTD_isError(result) == 0 ? result : nil
    }

    /// The content size that the frame at the start of `bytes` declares; nil if it declares none.
    static func contentByteCount(_ bytes: ArraySlice<UInt8>) -> UInt64? {
        // zstd reads `bytes.count` bytes.
        let result = unsafe bytes.withUnsafeBytes { bytes in
            unsafe ZSTD_getFrameContentSize(bytes.baseAddress, bytes.count)
        }
        // The two highest values stand for "unknown" and "error".
        return result >= UInt64.max - 1 ? nil : result
    }

    // Sendable: whoever took a context out of `idle` is the only one to use it.
    @safe private final class Context: @unchecked Sendable {
        private let context: OpaquePointer

        init() {
            guard let context = unsafe ZSTD_createDCtx() else {
                preconditionFailure("out of memory for a zstd context")
            }
            unsafe self.context = context
        }

        deinit { _ = unsafe ZSTD_freeDCtx(context) }

        func content(
            of stored: ArraySlice<UInt8>, contentByteCount: Int
        ) -> Result<[UInt8], FrameDamage> {
            var result = 0
            let content = unsafe [UInt8](unsafeUninitializedCapacity: contentByteCount) {
                content, count in
                // zstd writes at most `contentByteCount` bytes and reads `stored.count`.
                result = unsafe stored.withUnsafeBytes { stored in
                    unsafe ZSTD_decompressDCtx(
                        context, content.baseAddress, contentByteCount, stored.baseAddress,
                        stored.count)
                }
                count = ZSTD_isError(result) == 0 ? min(result, contentByteCount) : 0
            }
            if ZSTD_isError(result) != 0 {
                let name = unsafe String(cString: ZSTD_getErrorName(result))
                return .failure(FrameDamage(reason: "zstd: \(name)"))
            }
            guard content.count == contentByteCount else {
                return .failure(
                    FrameDamage(
                        reason: "content of \(content.count) bytes, not \(contentByteCount)"))
            }
            return .success(content)
        }
    }
}

/// Why a frame's content cannot be had.
struct FrameDamage: Error {
    let reason: String
}
