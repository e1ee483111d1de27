import Foundation
import Servers
import Testing

/// `millrace demo` with a worker that has done something twice, or says so: what everything else depends on is that this is noticed.
@Suite("A broken invariant", .timeLimit(.minutes(4)), .enabled(if: ServersAvailability.postgres != nil))
struct BrokenInvariantTests {
    /// The workers of this project, but `shipping` tells of one shipment that it has made twice.
    private func makeProject() throws -> String {
        let project = try TemporaryDirectory.make(prefix: "millrace-project")
        try FileManager.default.copyItem(atPath: Fixture.project + "/workers", toPath: project + "/workers")
        let program = Fixture.executable("shipping")
        let script = """
            #!/bin/sh
            if [ "$1" = audit ]; then "\(program)" audit | sed 's/"duplicates":0/"duplicates":1/'; else exec "\(program)" "$@"; fi
            """
        try Fixture.write(script, to: project + "/shipping")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: project + "/shipping")
        let manifest = project + "/workers/shipping/worker.yaml"
        let text = try String(contentsOfFile: manifest, encoding: .utf8)
        try Fixture.write(text.replacingOccurrences(of: "executable: shipping-worker", with: "executable: ./shipping"), to: manifest)
        return project
    }

    /// Fails when the command does not end with the verdict of its report (DemoCommand), and when that does not follow from the
    /// invariants (Demo.report).
    @Test("ends `demo` with code 1, and names itself")
    func code() async throws {
        let project = try makeProject()
        defer { TemporaryDirectory.remove(project) }
        let result = try await ChildProcess.run(
            .init(
                executable: Fixture.millrace,
                arguments: ["demo", "--orders", "5", "--file", Fixture.project + "/data/cdnow-orders.csv", "-o", "json"],
                environment: Fixture.environment(["MILLRACE_HOME": project]), workingDirectory: project),
            timeout: .seconds(120))
        #expect(result.status == .exited(1), "\(result)")
        let report = try #require(try JSONSerialization.jsonObject(with: Data(result.standardOutput.utf8)) as? [String: Any])
        #expect(report["holds"] as? Bool == false)
        let invariants = try #require(report["invariants"] as? [[String: Any]])
        #expect(invariants.filter { $0["holds"] as? Bool == false }.compactMap { $0["name"] as? String } == ["0 handled twice"])
    }
}
