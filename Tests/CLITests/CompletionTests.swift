import Foundation
import Servers
import Testing

/// What shells are told about the command.
@Suite("Shell completion") struct CompletionTests {
    @Test("a script for each shell knows the commands and their options, and the shell takes it", arguments: ["bash", "zsh", "fish"])
    func scripts(_ shell: String) async throws {
        let script = try await Fixture.run("--generate-completion-script", shell)
        #expect(script.status == .exited(0) && script.standardError.isEmpty)
        for word in ["publish", "asyncapi", "forward-to", "keep-going"] { #expect(script.standardOutput.contains(word), "\(word)") }
        // Not every machine has every shell.
        guard FileManager.default.isExecutableFile(atPath: "/bin/" + shell) else { return }
        try await Fixture.withFolder { folder in
            try Fixture.write(script.standardOutput, to: folder + "/completion")
            let check = try await ChildProcess.run(.init(executable: "/bin/" + shell, arguments: ["-n", folder + "/completion"]))
            #expect(check.status == .exited(0), "\(check)")
        }
    }

    @Test(
        "help has examples, and no colour where NO_COLOR or a pipe forbids it",
        arguments: [
            ["topics"], ["topics", "list"], ["topics", "show"], ["topics", "lint"], ["topics", "check"], ["topics", "diff"],
            ["topics", "new"],
            ["topics", "docs"], ["topics", "asyncapi"], ["topics", "example"], ["publish"], ["tail"], ["listen"], ["failures"], ["saga"],
        ])
    func help(_ command: [String]) async throws {
        let result = try await ChildProcess.run(
            .init(executable: Fixture.millrace, arguments: command + ["--help"], environment: Fixture.environment(["NO_COLOR": "1"])))
        #expect(result.status == .exited(0) && result.standardOutput.contains("EXAMPLES") && !result.standardOutput.contains("\u{1B}["))
    }
}
