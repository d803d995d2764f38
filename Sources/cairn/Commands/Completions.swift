// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

struct Completions: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completions", abstract: "Print a completion script for the shell.",
        discussion: """
            bash: cairn completions bash > ~/.local/share/bash-completion/completions/cairn
            zsh:  cairn completions zsh > ~/.zfunc/_cairn      (with ~/.zfunc in $fpath)
            fish: cairn completions fish > ~/.config/fish/completions/cairn.fish
            """)

    @Argument(help: "bash, zsh or fish.", completion: .list(["bash", "zsh", "fish"]))
    var shell: String

    func run() throws {
        guard let shell = CompletionShell(rawValue: shell) else {
            throw UsageError(message: "\(shell) is not supported; give bash, zsh or fish")
        }
        Console.line(Cairn.completionScript(for: shell))
    }
}
