// SPDX-License-Identifier: Apache-2.0

public import Foundation

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A program that a test runs to its end.
public struct Command: Sendable {
    /// What a program left behind.
    public struct Outcome: Sendable {
        /// The exit code, or the signal's number plus 128 if a signal ended it.
        public let status: Int32
        /// What it wrote to standard output.
        public let output: Data
        /// What it wrote to standard error, as text.
        public let errors: String

        /// Standard output as lines, without an empty one at the end.
        public var lines: [String] {
            String(decoding: output, as: UTF8.self)
                .split(separator: "\n", omittingEmptySubsequences: true).map(String.init)
        }
    }

    /// The program's file.
    public let executable: URL
    /// Variables that are set in addition to those of the test run.
    public var environment: [String: String] = [:]

    /// A program that is not yet running.
    public init(_ executable: URL, environment: [String: String] = [:]) {
        self.executable = executable
        self.environment = environment
    }

    /// Runs the program to its end; `input` becomes its standard input.
    ///
    /// Output goes through temporary files: a pipe that nobody empties would stop the program.
    /// - Throws: an error of Foundation if the program cannot be started.
    public func run(_ arguments: [String], input: Data = Data()) async throws -> Outcome {
        let files = try TemporaryDirectory()
        let inputFile = files.url.appending(path: "input")
        let outputFile = files.url.appending(path: "output")
        let errorsFile = files.url.appending(path: "errors")
        try input.write(to: inputFile)
        try Data().write(to: outputFile)
        try Data().write(to: errorsFile)

        let environment = ProcessInfo.processInfo.environment
            .merging(environment) { _, ours in ours }
        let child = try ChildProcess(
            executable.path, arguments, environment: environment.map { "\($0)=\($1)" },
            files: [
                (inputFile.path, O_RDONLY), (outputFile.path, O_WRONLY | O_APPEND),
                (errorsFile.path, O_WRONLY | O_APPEND),
            ])
        let status = await child.end()
        return Outcome(
            status: status, output: try Data(contentsOf: outputFile),
            errors: String(decoding: try Data(contentsOf: errorsFile), as: UTF8.self))
    }
}

extension Command {
    /// The `cairn` that was built together with these tests, or the one that `CAIRN` names.
    public static func cairn(repository: URL? = nil) throws -> Command {
        // Tests that want the network say so: whatever is not here must not be looked for outside.
        var environment = ["CAIRN_OFFLINE": "1"]
        if let repository { environment["CAIRN_REPO"] = repository.path }
        if let named = ProcessInfo.processInfo.environment["CAIRN"] {
            return Command(URL(filePath: named), environment: environment)
        }
        // The test runner lies beside it on Linux, in a bundle beside it on macOS.
        let runner = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        let bundles = Bundle.allBundles.map { $0.bundleURL.deletingLastPathComponent() }
        let debug = Self.packageRoot.appending(path: ".build/debug")
        let places = [runner] + bundles + [debug]
        let executables = places.map { $0.appending(path: "cairn") }
        guard let found = executables.first(where: { isExecutable($0) }) else {
            throw CocoaError(.executableNotLoadable, userInfo: [NSFilePathErrorKey: "cairn"])
        }
        return Command(found, environment: environment)
    }

    /// A program on the `PATH`.
    public static func named(_ name: String) throws -> Command {
        let folders = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
        let places = folders.map { URL(filePath: String($0)).appending(path: name) }
        guard let found = places.first(where: { isExecutable($0) }) else {
            throw CocoaError(.executableNotLoadable, userInfo: [NSFilePathErrorKey: name])
        }
        return Command(found)
    }

    /// The root of the package that these tests belong to.
    public static let packageRoot = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private static func isExecutable(_ url: URL) -> Bool {
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory)
            && !isDirectory.boolValue && FileManager.default.isExecutableFile(atPath: url.path)
    }
}
