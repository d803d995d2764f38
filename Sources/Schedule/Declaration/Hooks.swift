// SPDX-License-Identifier: Apache-2.0

import Repository

/// The section `hooks`: commands around a run.
public struct Hooks: Hashable, Sendable {
    /// Run before anything else; a failing one ends the run.
    public var before: [Hook] = []
    /// Run after a run that ended well, or with inputs skipped.
    public var after: [Hook] = []
    /// Run after a run that failed.
    public var onFailure: [Hook] = []

    /// No commands.
    public init() {}

    static let yaml = YAMLObject("hooks", empty: { Hooks() }, keys: keys)

    private static let keys: [YAMLKey<Hooks>] = [
        YAMLKey(
            "before", \.before, Hook.type.oneOrMore(), standard: "[]",
            "Run before anything else, in order; if one fails, nothing is ingested."),
        YAMLKey(
            "after", \.after, Hook.type.oneOrMore(), standard: "[]",
            "Run after a run that ended well, or with inputs skipped."),
        YAMLKey(
            "on-failure", \.onFailure, Hook.type.oneOrMore(), standard: "[]",
            "Run after a run that failed, a failed hook included."),
    ]
}

/// One command.
public struct Hook: Hashable, Sendable {
    /// The program and its arguments; a text in the file becomes `/bin/sh -c TEXT`.
    public var command: [String]
    /// How long it may take before it is ended, with all that it started.
    public var timeout = Hook.defaultTimeout

    /// What holds if nothing is said.
    public static let defaultTimeout = Duration.seconds(300)
    private static let timeouts: ClosedRange<Duration> = .seconds(1) ... .seconds(86_400)

    /// A command.
    public init(command: [String], timeout: Duration = Hook.defaultTimeout) {
        self.command = command
        self.timeout = timeout
    }

    /// The command for messages.
    public var text: String {
        command.count == 3 && command[0] == "/bin/sh" && command[1] == "-c"
            ? command[2] : command.joined(separator: " ")
    }

    private static let words = YAMLType<String>.text("a word").list(least: 1)

    private static let commandType = YAMLType<[String]>(
        .any([.text(pattern: nil, examples: ["pg_dumpall > /srv/dump.sql"]), words.schema])
    ) { node, problems in
        if case .list = node.content { return words.read(node, &problems) }
        return YAMLType<String>.text("a command, or a list of its words").read(node, &problems)
            .map { ["/bin/sh", "-c", $0] }
    }

    private static let object = YAMLObject(
        "a hook", empty: { Hook(command: []) },
        keys: [
            YAMLKey(
                "run", \Hook.command, commandType, isRequired: true,
                "A command for /bin/sh, or a list of a program and its arguments."),
            YAMLKey(
                "timeout", \Hook.timeout, .duration(timeouts), standard: "5m",
                "How long it may take before it is ended, with all that it started."),
        ])

    /// A command alone, or with a timeout.
    static let type = YAMLType<Hook>(
        .any([.text(pattern: nil, examples: ["systemctl stop app"]), object.schema])
    ) { node, problems in
        if case .scalar = node.content {
            return commandType.read(node, &problems).map { Hook(command: $0) }
        }
        return object.type.read(node, &problems)
    }
}
