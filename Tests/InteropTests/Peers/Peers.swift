// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// Kubo and libipld, through `Scripts/peers`.
enum Peers {
    /// The exit code by which the script says that they cannot be installed here.
    private static let unavailable: Int32 = 69

    static let command = Command(Command.packageRoot.appending(path: "Scripts/peers"))

    /// Why the peers cannot be had; nil if they are there.
    ///
    /// Any other failure of theirs shows in the tests.
    static func absence(of more: String...) async throws -> String? {
        let outcome = try await command.run(["setup"] + more)
        guard outcome.status == unavailable else { return nil }
        print("interop: skipped: \(outcome.errors)")
        return outcome.errors
    }

    /// Runs one of the script's commands.
    ///
    /// - Throws: ``Failure`` unless it exits with 0.
    static func run(_ arguments: [String], input: Data = Data()) async throws -> [String] {
        let outcome = try await command.run(arguments, input: input)
        guard outcome.status == 0 else {
            throw Failure(command: arguments[0], status: outcome.status, errors: outcome.errors)
        }
        return outcome.lines
    }

    /// A command that did not do what it was asked.
    struct Failure: Error, CustomStringConvertible {
        let command: String
        let status: Int32
        let errors: String

        var description: String { "\(command) exited with \(status): \(errors)" }
    }
}
