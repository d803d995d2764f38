// SPDX-License-Identifier: Apache-2.0

import Multiformats

extension DAGOptions {
    /// Every option as a key and a text, in a fixed order: the form that a snapshot records.
    ///
    /// Keys are the names of the flags. Options that are nil are left out.
    /// ``init(fields:)`` reads it back to an equal value.
    public var fields: [(key: String, value: String)] {
        var fields: [(key: String, value: String)] = []
        for key in Key.allCases {
            if let value = text(key) { fields.append((key: key.rawValue, value: value)) }
        }
        return fields
    }

    /// Reads what ``fields`` wrote, in any order.
    ///
    /// - Throws: ``DAGOptionsError``: a key that is unknown, repeated or missing, a value that is
    ///   not one of its kind, or options that do not go together.
    public init(fields: some Sequence<(key: String, value: String)>) throws(DAGOptionsError) {
        var values: [Key: String] = [:]
        for field in fields {
            guard let key = Key(rawValue: field.key) else { throw .unknownField(field.key) }
            guard values.updateValue(field.value, forKey: key) == nil else {
                throw .repeatedField(field.key)
            }
        }
        try self.init(FieldReader(values: values))
    }

    /// The keys, in the order written.
    enum Key: String, CaseIterable {
        case chunker
        case layout
        case maxLinks = "max-links"
        case rawLeaves = "raw-leaves"
        case cidVersion = "cid-version"
        case hash
        case inline
        case hamtFanout = "hamt-fanout"
        case hamtThreshold = "hamt-threshold"
        case hamtEstimator = "hamt-estimator"
        case maxDirectoryLinks = "max-directory-links"
        case preserveMode = "preserve-mode"
        case preserveMtime = "preserve-mtime"
        case mode
        case mtime
        case emptyDirectories = "empty-dirs"
    }

    private func text(_ key: Key) -> String? {
        switch key {
        case .chunker: chunker.description
        case .layout: layout.rawValue
        case .maxLinks: String(maxLinks)
        case .rawLeaves: String(rawLeaves)
        case .cidVersion: String(cidVersion.rawValue)
        case .hash: hash.name
        case .inline: inlineLimit.map { String($0) }
        case .hamtFanout: String(hamtFanout)
        case .hamtThreshold: hamtThreshold.map { String($0) }
        case .hamtEstimator: hamtEstimator.rawValue
        case .maxDirectoryLinks: maxDirectoryLinks.map { String($0) }
        case .preserveMode: String(preserveMode)
        case .preserveMtime: String(preserveMtime)
        case .mode: mode.map { "0" + String($0, radix: 8) }
        case .mtime: mtime.map { Self.text($0) }
        case .emptyDirectories: String(includeEmptyDirectories)
        }
    }

    private static func text(_ time: UnixFSTimestamp) -> String {
        guard time.nanoseconds > 0 else { return String(time.seconds) }
        let digits = String(time.nanoseconds)
        return "\(time.seconds)." + String(repeating: "0", count: 9 - digits.count) + digits
    }

    private init(_ reader: FieldReader) throws(DAGOptionsError) {
        // The reader names the field in its own error, so the chunker's is dropped.
        self.init(
            chunker: try reader.value(.chunker) { try? ChunkerSpec(parsing: $0) },
            maxLinks: try reader.value(.maxLinks) { Int($0) },
            rawLeaves: try reader.value(.rawLeaves) { Bool($0) },
            cidVersion: try reader.value(.cidVersion) {
                UInt8($0).flatMap { CID.Version(rawValue: $0) }
            },
            directoryRules: try Self.rules(
                threshold: try reader.optional(.hamtThreshold) { Int($0) },
                estimator: try reader.value(.hamtEstimator) {
                    DirectoryRules.Estimator(rawValue: $0)
                },
                fanout: try reader.value(.hamtFanout) { Int($0) },
                maxLinks: try reader.optional(.maxDirectoryLinks) { Int($0) }))
        layout = try reader.value(.layout) { FileLayout(rawValue: $0) }
        hash = try reader.value(.hash) { HashFunction(name: $0) }
        inlineLimit = try reader.optional(.inline) { Int($0) }
        preserveMode = try reader.value(.preserveMode) { Bool($0) }
        preserveMtime = try reader.value(.preserveMtime) { Bool($0) }
        mode = try reader.optional(.mode) { text in
            UInt32(text, radix: 8).flatMap { $0 <= 0o777 ? $0 : nil }
        }
        mtime = try reader.optional(.mtime) { Self.timestamp($0) }
        includeEmptyDirectories = try reader.value(.emptyDirectories) { Bool($0) }
        if storesMetadata, rawLeaves { throw .rawLeavesWithMetadata }
        try validate()
    }

    private static func timestamp(_ text: String) -> UnixFSTimestamp? {
        // As for the chunker: the reader's error names the field.
        guard let time = try? DAGOverrides.mtime(parsing: text),
            let nanoseconds = UInt32(exactly: time.nanoseconds)
        else { return nil }
        return UnixFSTimestamp(seconds: time.seconds, nanoseconds: nanoseconds)
    }
}

/// Takes values by key and names the key that is wrong.
private struct FieldReader {
    let values: [DAGOptions.Key: String]

    func value<Value>(
        _ key: DAGOptions.Key, _ parse: (String) -> Value?
    ) throws(DAGOptionsError) -> Value {
        guard let value = try optional(key, parse) else { throw .missingField(key.rawValue) }
        return value
    }

    func optional<Value>(
        _ key: DAGOptions.Key, _ parse: (String) -> Value?
    ) throws(DAGOptionsError) -> Value? {
        guard let text = values[key] else { return nil }
        guard let value = parse(text) else { throw .field(key: key.rawValue, value: text) }
        return value
    }
}
