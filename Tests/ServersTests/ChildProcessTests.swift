import Foundation
import Servers
import Testing

@Suite("Child processes") struct ChildProcessTests {
    @Test("output, diagnostics and exit code come back")
    func run() async throws {
        let result = try await ChildProcess.run(
            .init(executable: "sh", arguments: ["-c", "echo out; echo err >&2; printf tail; exit 3"]))
        #expect(result.status == .exited(3))
        #expect(result.standardOutput == "out\ntail\n")
        #expect(result.standardError == "err\n")
    }

    @Test("a missing program is an error, not a crash")
    func missing() async {
        await #expect(throws: ServersError.self) {
            try await ChildProcess.run(.init(executable: "no-such-program-of-this-name"))
        }
        await #expect(throws: ServersError.self) {
            try await ChildProcess.run(.init(executable: "/no/such/program"))
        }
    }

    @Test("the environment and the folder are the ones asked for")
    func environment() async throws {
        let result = try await ChildProcess.run(
            .init(
                executable: "/bin/sh", arguments: ["-c", "pwd; echo $COLOUR-$HOME"], environment: ["COLOUR": "blue"],
                workingDirectory: "/usr"))
        #expect(result.standardOutput == "/usr\nblue-\n")
    }

    @Test("a signal ends it, and the status says which")
    func signal() async throws {
        let child = try ChildProcess.spawn(.init(executable: "sleep", arguments: ["60"]))
        #expect(child.isRunning)
        #expect(await child.wait(atMost: .milliseconds(20)) == nil)
        #expect(await child.stop() == .signaled(15))
        #expect(child.exitStatus == .signaled(15))
        child.kill()  // does nothing now
    }

    @Test("what ignores SIGTERM is killed after the time given")
    func stubborn() async throws {
        let child = try ChildProcess.spawn(
            .init(executable: "sh", arguments: ["-c", "trap '' TERM; echo ready; while :; do sleep 1; done"], standardOutput: .lines))
        var lines = child.standardOutput.makeAsyncIterator()
        #expect(await lines.next() == "ready")
        #expect(await child.stop(timeout: .milliseconds(100)) == .signaled(9))
    }

    @Test("a run that takes too long is killed")
    func timeout() async throws {
        let result = try await ChildProcess.run(.init(executable: "sleep", arguments: ["60"]), timeout: .milliseconds(50))
        #expect(result.status == .signaled(9))
    }

    @Test("no descriptor but 0, 1 and 2 reaches the child")
    func descriptors() async throws {
        let other = try ChildProcess.spawn(.init(executable: "sleep", arguments: ["60"], standardOutput: .lines))
        let result = try await ChildProcess.run(.init(executable: "sh", arguments: ["-c", "ls /proc/$$/fd"]))
        #expect(result.standardOutput.split(separator: "\n").compactMap { Int($0) }.allSatisfy { $0 <= 2 })
        await other.stop()
    }

    @Test("closing the input tells the child")
    func input() async throws {
        let child = try ChildProcess.spawn(.init(executable: "cat"))
        #expect(await child.wait(atMost: .milliseconds(50)) == nil)
        child.closeInput()
        #expect(await child.wait() == .exited(0))
    }

    @Test("a million bytes without a line feed and invalid UTF-8 pass through")
    func strangeOutput() async throws {
        let result = try await ChildProcess.run(
            .init(executable: "sh", arguments: ["-c", "head -c 1000000 /dev/zero | tr '\\0' x; printf '\\377\\n'"]))
        #expect(result.standardOutput.filter { $0 == "x" }.count == 1_000_000)
    }
}
