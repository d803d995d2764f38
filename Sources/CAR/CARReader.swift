// SPDX-License-Identifier: Apache-2.0

/// Reads a CAR that is in memory as a whole.
///
/// For input that comes in pieces use ``CARParser``.
public struct CARReader: Sendable {
    /// The header of the CARv1.
    public let header: CARHeader
    /// The header of version 2; nil for version 1.
    public var version2Header: CARv2Header? { parser.version2Header }
    /// Where the CARv1 starts in the bytes.
    public var dataOffset: Int { parser.dataOffset }

    private var parser: CARParser

    /// Reads the headers.
    ///
    /// - Throws: ``CARError``.
    public init(
        _ bytes: [UInt8], options: CARReadingOptions = CARReadingOptions()
    ) throws(CARError) {
        var parser = CARParser(whole: bytes, options: options)
        guard case .header(let header) = try parser.next() else {
            preconditionFailure("the parser gave something before the header")
        }
        self.header = header
        self.parser = parser
    }

    /// The next section, or nil behind the last.
    ///
    /// - Throws: ``CARError``; every later call throws the same.
    /// - Complexity: O(section length).
    public mutating func next() throws(CARError) -> CARSection? {
        guard case .section(let section) = try parser.next() else { return nil }
        return section
    }

    /// All sections that are left.
    ///
    /// - Throws: ``CARError``.
    /// - Complexity: O(byte count); holds all blocks.
    public mutating func readAll() throws(CARError) -> [CARSection] {
        var sections: [CARSection] = []
        while let section = try next() { sections.append(section) }
        return sections
    }
}
