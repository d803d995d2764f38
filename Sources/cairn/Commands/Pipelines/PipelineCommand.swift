// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Repository
import Schedule

struct PipelineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pipeline",
        abstract: "Check and explain pipeline files, which `cairn run` and `cairn schedule` run.",
        subcommands: [PipelineCheck.self, PipelineExplain.self, PipelineSchema.self])
}

struct PipelineCheck: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check pipeline files; name each mistake with its line and the remedy.",
        discussion: """
            Exit code 1 if any file has a mistake.

            Examples:
              cairn pipeline check /etc/cairn/pipelines/*.yaml
              cairn pipeline check --json nightly.yaml
            """)

    @Argument(help: ArgumentHelp("Pipeline files.", valueName: "file"), completion: .file())
    var files: [String]

    @OptionGroup var output: OutputOptions

    func run() async throws {
        var isSound = true
        for file in files {
            do {
                let declaration = try PipelineDeclaration.load(file)
                report(file, declaration.name, [])
            } catch let error as YAMLError {
                isSound = false
                report(file, nil, error.problems)
            }
        }
        if !isSound { throw ExitCode(Failure.failed) }
    }

    private func report(_ file: String, _ name: String?, _ problems: [YAMLError.Problem]) {
        guard output.json else {
            if let name { Console.line("\(file): \(name) is sound") }
            for problem in problems { Console.error("\(problem)") }
            return
        }
        let faults = problems.map { problem in
            JSON.object([
                ("line", .count(problem.place.line)), ("column", .count(problem.place.column)),
                ("message", .string(problem.message)),
            ])
        }
        Console.line(
            JSON.object([
                ("file", .string(file)), ("name", .text(name)),
                ("sound", .bool(problems.isEmpty)), ("problems", .array(faults)),
            ]).text)
    }
}

struct PipelineExplain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Say what a pipeline would do, with defaults filled in, and when it runs next.",
        discussion: """
            Examples:
              cairn pipeline explain nightly.yaml
              cairn pipeline explain nightly.yaml --times 20
            """)

    @Argument(help: ArgumentHelp("A pipeline file.", valueName: "file"), completion: .file())
    var file: String

    @Option(help: ArgumentHelp("How many of the next times to show.", valueName: "n"))
    var times = 5

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (0...1000).contains(times) else {
            throw ValidationError("--times \(times): give 0 to 1000")
        }
    }

    func run() async throws {
        let declaration = try PipelineDeclaration.load(file)
        let path = repository.path(for: declaration)
        let explained = PipelineExplanation(
            declaration, repositoryPath: path, config: try config(at: path), times: times)
        if output.json { return Console.line(explained.json.text) }
        for line in explained.lines { Console.line(line) }
    }

    /// What the first run would be given if there is no repository yet.
    private func config(at path: String) throws -> RepositoryConfig {
        do { return try Repository.loadConfig(at: path) } catch let error as RepositoryError
            where error.code == .missing
        { return RepositoryConfig() }
    }
}

struct PipelineSchema: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Print the JSON Schema of pipeline files, for editors and for checks elsewhere.",
        discussion: """
            With the YAML language server, a file's first line then makes an editor complete keys:

              # yaml-language-server: $schema=pipeline.schema.json
            """)

    func run() throws { Console.line(PipelineJSONSchema.document.text) }
}
