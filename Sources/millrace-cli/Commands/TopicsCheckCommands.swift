import ArgumentParser
import Compatibility
import ContractFiles
import Contracts
import Foundation

extension ExitCode {
    /// The contracts would break what is deployed or stored.
    static let incompatible = ExitCode(4)
}

/// A finding as it is printed.
struct FindingRow: Encodable {
    var topic: String
    var type: String?
    var version: Int?
    var pointer: String
    var rule: String
    var breaks: [String]
    var severity: String
    var message: String
    var consumers: [String]
    var place: String

    init(_ finding: ContractFinding) {
        topic = finding.topic
        type = finding.type
        version = finding.version
        pointer = finding.pointer.text
        rule = finding.rule.description
        breaks = (finding.breaks.contains(.backward) ? ["backward"] : []) + (finding.breaks.contains(.forward) ? ["forward"] : [])
        severity = finding.severity.rawValue
        message = finding.message
        consumers = finding.consumers
        place = finding.location.description
    }

    static func table(_ rows: [FindingRow]) -> Table {
        var table = Table(["WHAT", "POINTER", "RULE", "BREAKS", "CONSUMERS", "CHANGE", "PLACE"])
        for row in rows {
            table.add([
                row.type.map { $0 + (row.version.map { " v\($0)" } ?? "") } ?? row.topic, row.pointer.isEmpty ? "/" : row.pointer, row.rule,
                row.breaks.isEmpty ? "-" : row.breaks.joined(separator: "+"), row.consumers.joined(separator: ", "), row.message, row.place,
            ])
        }
        return table
    }
}

struct TopicsLintCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lint",
        abstract: "Say what is wrong with the contracts, with file, line and column.",
        discussion: """
            Errors are what stops a build. Warnings are things that are usually meant otherwise; --strict takes them as errors.
            Exit codes: 0 in order, 1 errors, 64 wrong usage.

            EXAMPLES
              millrace topics lint
              millrace topics lint --strict -o json
            """)
    @Flag(help: "Fail on warnings, too.") var strict = false
    @OptionGroup var topics: TopicsOptions
    @OptionGroup var output: OutputOptions

    private struct Row: Encodable {
        var severity: String
        var file: String
        var line: Int
        var column: Int
        var message: String
    }

    func run() async throws {
        try await reporting {
            let folder = try topics.folder()
            var rows: [Row] = []
            func add(_ problems: [ContractFileError.Problem], _ severity: String) {
                rows += problems.map {
                    Row(severity: severity, file: $0.location.file, line: $0.location.line, column: $0.location.column, message: $0.message)
                }
            }
            var count = 0
            do {
                let catalog = try TopicCatalog.load(directory: folder)
                count = catalog.topics.count
                if count == 0 { throw UsageFailure("\(folder) holds no contract; `millrace topics new` makes one") }
                add(TopicsLint.generatorProblems(catalog), "error")
                try add(TopicsLint.warnings(catalog, topics.workers()), "warning")
            } catch let error as ContractFileError {
                add(error.problems, "error")
            }
            switch output.output {
            case .table: for row in rows { Console.shared.output("\(row.file):\(row.line):\(row.column): \(row.severity): \(row.message)") }
            case .json: Console.shared.output(JSON.text(rows))
            }
            let errors = rows.count { $0.severity == "error" }
            let order = errors > 0 ? "" : count == 1 ? "1 topic, " : "\(count) topics, "
            Console.shared.say(
                "\(order)\(errors) \(errors == 1 ? "error" : "errors"), \(rows.count - errors) \(rows.count - errors == 1 ? "warning" : "warnings")"
            )
            if errors > 0 || (strict && !rows.isEmpty) { throw ExitCode.failure }
        }
    }
}

/// What two commands have in common that compare contracts.
struct ComparisonOptions: ParsableArguments {
    @Option(help: ArgumentHelp("What was released: a folder, or a Git reference such as main.", valueName: "dir|ref"))
    var against: String

    @OptionGroup var topics: TopicsOptions

    func findings() async throws -> [ContractFinding] {
        let new = try topics.catalog()
        let old = try await ReleasedContracts.load(against, beside: topics.folder())
        return ContractComparison.findings(from: old, to: new, consumers: try topics.consumers().consumers)
    }
}

struct TopicsCheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Compare the contracts with those that were released: would they break anything?",
        discussion: """
            Backward: what was written by the old contracts is read by the new ones (stored events, publishers that were not \
            updated). Forward: what is written by the new contracts is read by the old ones (consumers that were not updated). \
            Full is both. A released version of a message must stay compatible; a new version may differ in any way: what it asks \
            of whom is said as a note.

            Exit codes: 0 compatible, 1 the contracts are not in order, 4 incompatible, 64 wrong usage.

            EXAMPLES
              millrace topics check --against main
              millrace topics check --against v1.4 --mode backward
              millrace topics check --against ../released/topics -o json
            """)

    /// What must stay possible.
    enum Mode: String, ExpressibleByArgument, CaseIterable {
        case backward, forward, full

        var directions: Directions {
            switch self {
            case .backward: .backward
            case .forward: .forward
            case .full: .full
            }
        }
    }

    @OptionGroup var comparison: ComparisonOptions
    @Option(help: "What must stay compatible: backward, forward or full.") var mode = Mode.full
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await reporting {
            let findings = try await comparison.findings()
            let breaking = findings.filter { $0.severity == .breaking && !$0.breaks.isDisjoint(with: mode.directions) }
            let rows = breaking.map(FindingRow.init)
            if output.output == .json || !rows.isEmpty { output.print(rows) { FindingRow.table(rows) } }
            for note in findings where note.severity == .newVersion {
                Console.shared.say(
                    "note: \(note.type ?? note.topic) v\(note.version ?? 0) \(note.pointer) \(note.rule): \(note.message)"
                        + (note.consumers.isEmpty || !note.breaks.contains(.forward)
                            ? "" : "; update \(note.consumers.joined(separator: ", ")) first"))
            }
            guard breaking.isEmpty else {
                Console.shared.complain(
                    "\(breaking.count == 1 ? "1 change is" : "\(breaking.count) changes are") not compatible (\(mode.rawValue)) with \(comparison.against)"
                )
                throw ExitCode.incompatible
            }
            Console.shared.say("compatible (\(mode.rawValue)) with \(comparison.against)")
        }
    }
}

struct TopicsDiffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "List everything that differs between two states of the contracts, harmless things too.",
        discussion: """
            EXAMPLES
              millrace topics diff --against HEAD~1
              millrace topics diff --against main -o json
            """)
    @OptionGroup var comparison: ComparisonOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await reporting {
            let rows = try await comparison.findings().map(FindingRow.init)
            if rows.isEmpty { Console.shared.say("no difference that matters for data") }
            if output.output == .json || !rows.isEmpty { output.print(rows) { FindingRow.table(rows) } }
        }
    }
}
