// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FileIO
import Ingest
import Lifecycle
import Node
import Repository

/// Ends the program with the exit code that fits an error.
enum Failure {
    /// The exit codes that users and scripts rely on.
    static let failed: Int32 = 1
    static let usage: Int32 = 2
    static let skippedInputs: Int32 = 3
    static let stillRunning: Int32 = 75
    static let interrupted: Int32 = 130

    static func exit(with error: any Error) -> Never {
        switch error {
        case let code as ExitCode:
            Cairn.exit(withError: code)
        case is CancellationError:
            Console.error("interrupted")
            Cairn.exit(withError: ExitCode(interrupted))
        case let error as IngestError where error.code == .usage:
            Console.error("cairn: \(error)")
            Cairn.exit(withError: ExitCode(usage))
        case let error as NodeError where error.code == .badOptions:
            Console.error("cairn: \(error)")
            Cairn.exit(withError: ExitCode(usage))
        case let error as TierError where error.code == .busy:
            Console.error("cairn: \(error)")
            Cairn.exit(withError: ExitCode(stillRunning))
        case let error as TierError where error.code == .badRequest:
            Console.error("cairn: \(error)")
            Cairn.exit(withError: ExitCode(usage))
        case let error as SnapshotError where error.code == .badReference:
            Console.error("cairn: \(error)")
            Cairn.exit(withError: ExitCode(usage))
        case let error as YAMLError:
            Console.error("cairn: \(error)")
            Cairn.exit(withError: ExitCode(usage))
        case let error as CollectionError where error.code == .running || error.code == .sessions:
            Console.error("cairn: \(error)")
            Cairn.exit(withError: ExitCode(stillRunning))
        case let error as IOError where error.code == .permissionDenied:
            Console.error("cairn: \(error); check its owner and permissions")
            Cairn.exit(withError: ExitCode(failed))
        case let error as UsageError:
            Console.error("cairn: \(error.message)")
            Cairn.exit(withError: ExitCode(usage))
        default: break
        }
        if isFromParser(error) {
            let text = Cairn.fullMessage(for: error)
            let isHelp = Cairn.exitCode(for: error) == .success
            isHelp ? Console.line(text) : Console.error(text)
            Cairn.exit(withError: isHelp ? ExitCode.success : ExitCode(usage))
        }
        Console.error("cairn: \(error)")
        Cairn.exit(withError: ExitCode(failed))
    }

    /// Whether the argument parser made the error: a help request, or a mistake in the arguments.
    private static func isFromParser(_ error: any Error) -> Bool {
        let name = String(reflecting: type(of: error))
        return name.hasPrefix("ArgumentParser.") || Cairn.exitCode(for: error) == .success
    }
}

/// A combination of options that cannot be.
struct UsageError: Error {
    let message: String
}
