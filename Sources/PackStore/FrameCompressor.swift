// SPDX-License-Identifier: Apache-2.0

import CZstd

/// A zstd compression context and its buffers, for one thread at a time.
///
/// Every frame it makes carries its content size and a checksum.
@safe final class FrameCompressor {
    private let context: OpaquePointer
    private let compression: Compression
    private var scratch: [UInt8] = []

    init(_ compression: Compression) {
        guard let context = unsafe ZSTD_createCCtx() else {
            preconditionFailure("out of memory for a zstd context")
        }
        unsafe self.context = context
        self.compression = compression
        set(ZSTD_c_checksumFlag, 1)
    }

    deinit { _ = unsafe ZSTD_freeCCtx(context) }

    /// The zstd frame of `content`; see ``FrameBuilder/finish(inHaste:)``.
    ///
    /// - Throws: ``PackError`` if zstd fails, which is for want of memory.
    func compress(_ content: [UInt8], inHaste: Bool = false) throws(PackError) -> [UInt8] {
        switch compression {
        case .none: return try plain(content)
        case .zstd(let level): return try compress(content, level: level)
        case .auto:
            let shrinks = try shrinks(content)
            return try shrinks ? compress(content, level: inHaste ? -1 : 1) : plain(content)
        }
    }

    private func compress(_ content: [UInt8], level: Int) throws(PackError) -> [UInt8] {
        let count = try compressIntoScratch(content[...], level: level)
        // A copy of just the right size: what is kept is often a fraction of the bound.
        return Array(scratch[..<count])
    }

    /// A frame at zstd's lowest level, which finds next to nothing and so copies.
    private func plain(_ content: [UInt8]) throws(PackError) -> [UInt8] {
        set(ZSTD_c_compressionLevel, ZSTD_minCLevel())
        let capacity = ZSTD_compressBound(content.count)
        var result = 0
        let output = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { output, count in
            // zstd writes at most `capacity` bytes and reads `content.count`.
            result = unsafe content.withUnsafeBytes { content in
                unsafe ZSTD_compress2(
                    context, output.baseAddress, capacity, content.baseAddress, content.count)
            }
            count = ZSTD_isError(result) == 0 ? result : 0
        }
        try check(result)
        return output
    }

    private func compressIntoScratch(
        _ content: ArraySlice<UInt8>, level: Int
    ) throws(PackError) -> Int {
        set(ZSTD_c_compressionLevel, Int32(level))
        let bound = ZSTD_compressBound(content.count)
        if scratch.count < bound { scratch = [UInt8](repeating: 0, count: bound) }
        let result = unsafe scratch.withUnsafeMutableBytes { output in
            // zstd writes at most `output.count` bytes and reads `content.count`.
            unsafe content.withUnsafeBytes { content in
                unsafe ZSTD_compress2(
                    context, output.baseAddress, output.count, content.baseAddress, content.count)
            }
        }
        try check(result)
        return result
    }

    private func set(_ parameter: ZSTD_cParameter, _ value: Int32) {
        let result = unsafe ZSTD_CCtx_setParameter(context, parameter, value)
        precondition(ZSTD_isError(result) == 0, "zstd refuses parameter \(parameter) = \(value)")
    }

    private func check(_ result: Int) throws(PackError) {
        guard ZSTD_isError(result) == 0 else {
            let name = unsafe String(cString: ZSTD_getErrorName(result))
            throw PackError(.io, pack: nil, message: "zstd: \(name)")
        }
    }
}

extension FrameCompressor {
    /// Bytes taken at each of ``sampleCount`` places, evenly spread; a guess that a short trial
    /// is enough to tell text and tables from media and archives.
    private static let sampleByteCount = 4096
    private static let sampleCount = 4
    /// Samples must shrink to this part of their size, in percent; below that, saving a little
    /// space costs more than it is worth.
    private static let worthwhilePercent = 95

    /// Whether a trial on samples shrinks `content`.
    private func shrinks(_ content: [UInt8]) throws(PackError) -> Bool {
        guard content.count > 2 * Self.sampleByteCount * Self.sampleCount else { return true }
        let stride = (content.count - Self.sampleByteCount) / (Self.sampleCount - 1)
        var sampled = 0
        var compressed = 0
        for index in 0..<Self.sampleCount {
            let start = index * stride
            let sample = content[start..<start + Self.sampleByteCount]
            compressed += try compressIntoScratch(sample, level: 1)
            sampled += sample.count
            // Most content that shrinks at all shows it in its first sample.
            if compressed * 100 <= sampled * Self.worthwhilePercent { return true }
        }
        return false
    }
}
