// SPDX-License-Identifier: Apache-2.0

/// What a CAR holds, in the order found.
public enum CAREvent: Hashable, Sendable {
    /// The header of the CARv1; the first event, and there is one.
    case header(CARHeader)
    /// A section.
    case section(CARSection)
}

/// Reads a CARv1, or the data of a CARv2, out of input that comes in pieces.
///
/// Does no I/O: feed it with `append`, call ``next()`` until it gives nil, feed again, and call
/// ``finish()`` after the last piece. Of a CARv2 the padding and the index are skipped; input
/// behind the data is ignored. Blocks in CIDs of the identity function are passed on like others.
/// Spec: <https://ipld.io/specs/transport/car/>.
public struct CARParser: Sendable {
    /// What comes next in the input.
    ///
    /// Goes from top to bottom; parts of version 2 are left out for version 1. `failed` follows
    /// any, `ended` follows `sections`, and both are final.
    enum State: Hashable, Sendable {
        /// At the first byte: the version is not known.
        case start
        /// Behind the pragma of version 2.
        case version2Header
        /// In front of the data of version 2, with as many bytes to skip.
        case padding(byteCount: Int)
        /// At the header of the CARv1.
        case header
        /// At a section.
        case sections
        /// Behind the last section.
        case ended
        /// An error was thrown, which every later call throws again.
        case failed(CARError)
    }

    /// How the input is read.
    public let options: CARReadingOptions
    /// The header of version 2; nil for version 1, and until it is read.
    public internal(set) var version2Header: CARv2Header?
    /// Where the CARv1 starts in the input; final once the header was given.
    public internal(set) var dataOffset = 0

    var state = State.start
    /// Input not yet used starts at `position`.
    var buffer: [UInt8] = []
    var position = 0
    /// Where the buffer starts in the input.
    var bufferOffset = 0
    /// Where the data ends in the input; nil if it ends with the input.
    var dataEnd: Int?
    var isFinished = false

    /// Starts in front of the first byte.
    public init(options: CARReadingOptions = CARReadingOptions()) { self.options = options }

    /// Starts with all of the input at hand, which is not copied.
    public init(whole bytes: [UInt8], options: CARReadingOptions = CARReadingOptions()) {
        self.options = options
        buffer = bytes
        isFinished = true
    }

    /// Where the next section starts, from the start of the input.
    public var offset: Int { bufferOffset + position }

    /// Whether all sections were given; input that follows is ignored.
    public var isAtEnd: Bool { state == .ended }

    /// Gives the next piece of input.
    ///
    /// Pieces of any size are right, but ``next()`` should be called until it gives nil before
    /// the next one, as input is held until it is used.
    ///
    /// - Complexity: O(`bytes.count`) amortized.
    public mutating func append(_ bytes: Span<UInt8>) {
        precondition(!isFinished, "input after finish()")
        var bytes = bytes
        switch state {
        case .ended, .failed: return
        case .padding(let byteCount) where position == buffer.count:
            // Padding is dropped here, so that a gap of any size takes no memory.
            let skipped = min(byteCount, bytes.count)
            discardUsed()
            bufferOffset += skipped
            state = .padding(byteCount: byteCount - skipped)
            bytes = bytes.extracting(skipped...)
        default: if position > buffer.count / 2 { discardUsed() }
        }
        // The buffer is valid inside the closure and is copied before it returns.
        unsafe bytes.withUnsafeBufferPointer { unsafe buffer.append(contentsOf: $0) }
    }

    /// Gives the next piece of input.
    ///
    /// - Complexity: O(`bytes.count`) amortized.
    public mutating func append(_ bytes: [UInt8]) { append(bytes.span) }

    /// Says that no input follows, so that ``next()`` tells an end from a cut.
    public mutating func finish() { isFinished = true }

    /// The next part, or nil if it needs more input or there is none: see ``isAtEnd``.
    ///
    /// - Throws: ``CARError``; every later call throws the same.
    /// - Complexity: O(section length), with two allocations.
    public mutating func next() throws(CARError) -> CAREvent? {
        do { return try advance() } catch {
            state = .failed(error)
            bufferOffset = offset
            buffer = []
            position = 0
            throw error
        }
    }

    private mutating func discardUsed() {
        bufferOffset += position
        buffer.removeFirst(position)
        position = 0
    }

    /// Byte count of the input at hand that is not used yet.
    var available: Int { buffer.count - position }
}
