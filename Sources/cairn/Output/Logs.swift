// SPDX-License-Identifier: Apache-2.0

import Logging

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What the node's parts say of their work: to standard error, warnings and worse unless
/// `CAIRN_LOG` names another level.
enum Logs {
    static let logger: Logger = {
        var logger = Logger(label: "cairn") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = level
        return logger
    }()

    private static var level: Logger.Level {
        guard let value = getenv("CAIRN_LOG") else { return .warning }
        return Logger.Level(rawValue: String(cString: value)) ?? .warning
    }
}
