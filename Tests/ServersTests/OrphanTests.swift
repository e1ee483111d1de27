import Foundation
import Servers
import Testing

/// A test process cannot kill itself, so a second process, which runs one test of this file alone, is the parent
/// that gets killed.
@Suite("Nothing is left behind") struct OrphanTests {
    private static let noteKey = "MILLRACE_TEST_ORPHAN_NOTE"

    /// The parent: starts a server and a child that reads nothing, writes down who they are, and waits to be killed.
    @Test("(parent process)", .enabled(if: ProcessInfo.processInfo.environment[noteKey] != nil))
    func parent() async throws {
        let note = try #require(ProcessInfo.processInfo.environment[Self.noteKey])
        let folder = try TemporaryDirectory.make()
        let server = PrivatePostgres(dataDirectory: folder + "/pg")
        try await server.start()
        let child = try ChildProcess.spawn(.init(executable: "sleep", arguments: ["600"]))
        let pid = await server.process?.pid ?? 0
        try "\(pid) \(child.pid) \(folder)".write(toFile: note, atomically: true, encoding: .utf8)
        _ = await child.wait()
    }

    /// Fails when the guard is not told of children (`ProcessGuard.add` in `ChildProcess.spawn`): both processes live on.
    @Test(
        "children and temporary files go when their parent is killed", .timeLimit(.minutes(5)),
        .enabled(if: ServersAvailability.postgres != nil && ProcessInfo.processInfo.environment[noteKey] == nil))
    func killedParent() async throws {
        let folder = try TemporaryDirectory.make()
        defer { TemporaryDirectory.remove(folder) }
        let note = folder + "/note"
        var environment = ProcessInfo.processInfo.environment
        environment[Self.noteKey] = note
        let parent = try ChildProcess.spawn(
            .init(executable: CommandLine.arguments[0], arguments: Self.arguments, environment: environment))
        #expect(await eventually(within: 60) { FileManager.default.fileExists(atPath: note) || !parent.isRunning })
        let parts = try String(contentsOfFile: note, encoding: .utf8).split(separator: " ")
        let pids = parts.prefix(2).compactMap { Int32($0) }
        #expect(pids.count == 2 && pids.allSatisfy(runs))

        parent.signal(9)
        #expect(await parent.wait() == .signaled(9))
        #expect(await eventually(within: 30) { !pids.contains(where: runs) })
        #expect(await eventually(within: 30) { !FileManager.default.fileExists(atPath: String(parts[2])) })
    }

    /// The arguments of this test process, with the filter replaced.
    private static var arguments: [String] {
        var kept: [String] = []
        var skip = false
        for argument in CommandLine.arguments.dropFirst() {
            if skip {
                skip = false
            } else if argument == "--filter" || argument == "--skip" || argument == "--event-stream-output-path"
                || argument == "--xunit-output"
            {
                skip = true
            } else if !argument.hasPrefix("--filter=") {
                kept.append(argument)
            }
        }
        return kept + ["--filter", "OrphanTests/parent"]
    }
}
