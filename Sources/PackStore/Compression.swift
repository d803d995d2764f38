// SPDX-License-Identifier: Apache-2.0

/// How the frames of a pack are compressed.
///
/// Whatever is chosen, a frame is a zstd frame; data that does not shrink is stored in it plain.
public enum Compression: Hashable, Sendable {
    /// Store everything plain.
    case none
    /// zstd at this level, 1 to 19.
    case zstd(level: Int)
    /// Look at a sample: store plain what would not shrink, and compress the rest at level 1,
    /// or at level -1 while compression is what a run waits for.
    case auto

    /// The levels that can be asked for; higher ones need much memory to read back.
    public static let levels = 1...19
    /// The level of a plain "zstd", which is zstd's own default.
    public static let defaultLevel = 3
    /// What is used unless told otherwise.
    public static let `default` = Compression.auto
}

extension Compression: LosslessStringConvertible {
    /// Reads `none`, `auto`, `zstd` or `zstd:LEVEL`; nil for all else.
    public init?(_ description: String) {
        switch description {
        case "none": self = .none
        case "auto": self = .auto
        case "zstd": self = .zstd(level: Self.defaultLevel)
        default:
            let prefix = "zstd:"
            let digits = description.dropFirst(prefix.count)
            guard description.hasPrefix(prefix), digits.allSatisfy({ $0.isASCII && $0.isNumber }),
                let level = Int(digits), Self.levels.contains(level)
            else { return nil }
            self = .zstd(level: level)
        }
    }

    /// `none`, `auto` or `zstd:LEVEL`.
    public var description: String {
        switch self {
        case .none: "none"
        case .auto: "auto"
        case .zstd(let level): "zstd:\(level)"
        }
    }
}
