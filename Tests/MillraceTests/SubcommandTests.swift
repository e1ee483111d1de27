import Millrace
import Testing

@Suite("A worker's command line")
struct SubcommandTests {
    @Test(
        "words",
        arguments: [
            ([], .run), (["run"], .run), (["prepare"], .prepare), (["describe"], .describe), (["audit"], .audit),
            (["--help"], .help), (["-h"], .help), (["help"], .help), (["migrations", "info"], .migrations(.info)),
            (["migrations", "validate"], .migrations(.validate)), (["migrations", "repair"], .migrations(.repair)),
            (["migrations", "baseline", "1_2"], .migrations(.baseline("1.2"))),
        ] as [([String], Subcommand)])
    func words(_ arguments: [String], _ expected: Subcommand) throws {
        #expect(try Subcommand(arguments: arguments) == expected)
    }

    @Test(
        "anything else is wrong usage",
        arguments: [
            ["walk"], ["run", "fast"], [""], ["--version"], ["-x"], ["migrations"], ["migrations", "walk"], ["migrations", "info", "now"],
            ["migrations", "baseline"], ["migrations", "baseline", "one"], ["migrations", "baseline", "1", "2"],
        ])
    func wrong(_ arguments: [String]) {
        #expect(throws: UsageError.self) { try Subcommand(arguments: arguments) }
    }

    private struct Sample: WorkerProgram {
        static func configure(_ worker: inout Worker) {}
    }

    private struct Broken: WorkerProgram {
        static func configure(_ worker: inout Worker) throws {
            _ = try worker.settings.integer("SAMPLE_LIMIT", default: 1, in: 1...10)
        }
    }

    @Test(
        "exit codes",
        arguments: [
            (["--help"], [:], 0), (["describe"], [:], 0), (["walk"], [:], 64), (["run"], [:], 64), (["audit"], [:], 64),
            (["prepare"], [:], 64), (["migrations", "info"], [:], 64), (["migrations"], [:], 64),
            (["describe"], ["MILLRACE_HTTP_PORT": "x"], 64),
            (["run"], ["DATABASE_URL": "mysql://x", "AMQP_URL": "amqp://x"], 64),
        ] as [([String], [String: String], Int32)])
    func exitCodes(_ arguments: [String], _ environment: [String: String], _ code: Int32) async {
        #expect(await WorkerProcess(program: Sample.self, arguments: arguments, environment: environment).run() == code)
    }

    @Test("a configuration that cannot be used is wrong usage")
    func brokenConfiguration() async {
        let process = WorkerProcess(program: Broken.self, arguments: ["describe"], environment: ["SAMPLE_LIMIT": "11"])
        #expect(await process.run() == 64)
    }
}
