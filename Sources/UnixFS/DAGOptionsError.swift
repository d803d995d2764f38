// SPDX-License-Identifier: Apache-2.0

public import Multiformats

/// Why options are refused; the description names the option and the remedy.
public enum DAGOptionsError: Error, Hashable, Sendable {
    /// No profile has this name.
    case unknownProfile(String)
    /// No hash function has this name.
    case unknownHash(String)
    /// A text given for an option is not of its kind.
    case value(option: String, String, expected: String)
    /// The CID version is neither 0 nor 1.
    case cidVersion(Int)
    /// CID version 0 with a hash other than sha2-256.
    case hashNeedsCIDv1(HashFunction)
    /// Raw leaves were asked for along with a mode or time, which they cannot carry.
    case rawLeavesWithMetadata
    /// The links of a file's inner block are too few for a DAG to grow.
    case maxLinks(Int, least: Int)
    /// The limit for inlining is out of range.
    case inlineLimit(Int)
    /// The fanout is no power of two in 8...1024.
    case hamtFanout(Int)
    /// The threshold is negative.
    case hamtThreshold(Int)
    /// The limit is negative.
    case maxDirectoryLinks(Int)
    /// The mode has more than twelve bits.
    case mode(UInt32)
    /// The nanoseconds are not within a second.
    case nanoseconds(Int64)
    /// A time has nanoseconds but zero seconds, which count as no time.
    case nanosecondsWithoutSeconds
    /// A recorded option is not known.
    case unknownField(String)
    /// An option is recorded twice.
    case repeatedField(String)
    /// An option is not recorded.
    case missingField(String)
    /// A recorded option has a value that is none of its kind.
    case field(key: String, value: String)
}

extension DAGOptionsError: CustomStringConvertible {
    /// What is wrong and what to write instead.
    public var description: String {
        switch self {
        case .unknownProfile(let name):
            "--profile \"\(name)\" is not known: use "
                + DAGProfile.allCases.map(\.rawValue).joined(separator: " or ")
        case .unknownHash(let name):
            "--hash \"\(name)\" is not known: use "
                + HashFunction.allCases.filter { $0 != .identity }.map(\.name)
                .joined(separator: ", ")
        case .value(let option, let text, let expected):
            "\(option) \"\(text)\" cannot be read: give \(expected)"
        case .cidVersion(let number):
            "--cid-version \(number) does not exist: use 0 or 1"
        case .hashNeedsCIDv1(let hash):
            "--hash \(hash.name): CIDv0 only supports sha2-256: add --cid-version 1"
        case .rawLeavesWithMetadata:
            "--raw-leaves cannot go with a stored mode or time, which a raw block has no room "
                + "for: leave out --raw-leaves, or --preserve-mode, --preserve-mtime, --mode "
                + "and --mtime"
        case .maxLinks(let count, let least):
            "--max-links \(count) is too few for a DAG to grow: use \(least) or more"
        case .inlineLimit(let byteCount):
            "--inline \(byteCount) is out of range: use 0 to \(DAGOptions.inlineLimitMaximum) "
                + "bytes"
        case .hamtFanout(let fanout):
            "--hamt-fanout \(fanout) is not possible: use a power of two from 8 to 1024"
        case .hamtThreshold(let byteCount):
            "--hamt-threshold \(byteCount) is negative: give bytes, or none"
        case .maxDirectoryLinks(let count):
            "--max-directory-links \(count) is negative: give a number, or 0 for no limit"
        case .mode(let mode):
            "--mode \(String(mode, radix: 8)) has more than twelve bits: use at most 7777"
        case .nanoseconds(let count):
            "--mtime with \(count) nanoseconds: use 0 to 999999999"
        case .nanosecondsWithoutSeconds:
            "--mtime 0 counts as no time, so it cannot have a fraction: give seconds other "
                + "than 0"
        case .unknownField(let key):
            "recorded option \"\(key)\" is not known: it was written by a newer version"
        case .repeatedField(let key):
            "recorded option \"\(key)\" occurs twice: the record is damaged"
        case .missingField(let key):
            "recorded option \"\(key)\" is missing: the record is damaged"
        case .field(let key, let value):
            "recorded option \"\(key)\" cannot be \"\(value)\": the record is damaged"
        }
    }
}
