import Contracts
import Foundation
import Servers
import Testing

/// `millrace topics` from end to end, on folders that the tests make.
@Suite("millrace topics", .timeLimit(.minutes(5))) struct TopicsCommandTests {
    private static let things = """
        topic: test.things
        owner: maker
        description: Things that were made.
        partitionKey: thingId

        events:
          thing.made:
            description: A thing was made.
            schema:
              type: object
              additionalProperties: false
              required: [thingId, size]
              properties:
                thingId: { type: string, format: uuid }
                size: { type: integer, minimum: 1, maximum: 10 }
            example: { thingId: 0198c7d0-5b7e-7c43-9f0e-2d1a4c6b8e10, size: 3 }

        """

    /// Calls `body` with a project whose only topic is `test.things`.
    private func withProject<R: Sendable>(_ body: (String) async throws -> R) async throws -> R {
        try await Fixture.withFolder { folder in
            try Fixture.write(Self.things, to: folder + "/topics/test.things.yaml")
            return try await body(folder)
        }
    }

    private func change(_ folder: String, _ old: String, _ new: String) throws {
        #expect(Self.things.contains(old))
        try Fixture.write(Self.things.replacingOccurrences(of: old, with: new), to: folder + "/topics/test.things.yaml")
    }

    private func git(_ folder: String, _ arguments: String...) async throws {
        let identity = ["-c", "user.name=tester", "-c", "user.email=tester@localhost", "-c", "commit.gpgsign=false"]
        let result = try await ChildProcess.run(.init(executable: "git", arguments: ["-C", folder] + identity + arguments))
        #expect(result.status == .exited(0), "\(result)")
    }

    private func rows(_ result: ChildProcess.Result) throws -> [[String: Any]] {
        try #require(try JSONSerialization.jsonObject(with: Data(result.standardOutput.utf8)) as? [[String: Any]])
    }

    // MARK: Looking

    @Test("list, show and example print data on standard output, as a table or as JSON")
    func look() async throws {
        let list = try await Fixture.run("topics", "list", "-o", "json")
        #expect(list.status == .exited(0) && list.standardError.isEmpty)
        #expect(
            try rows(list).compactMap { $0["topic"] as? String } == [
                "commerce.orders", "commerce.payments", "logistics.shipments", "supply.inventory",
            ])
        #expect(try rows(list)[0]["consumers"] as? [String] == ["checkout", "edge", "journal"])
        let table = try await Fixture.run("topics", "list")
        #expect(table.standardOutput.hasPrefix("TOPIC") && table.standardOutput.split(separator: "\n").count == 5)

        let topic = try await Fixture.run("topics", "show", "commerce.orders", "-o", "json")
        #expect(try rows(topic).contains { $0["type"] as? String == "order.created" && $0["swiftType"] as? String == "OrderCreated" })
        for name in ["order.created", "commerce.orders/order.created"] {
            let message = try await Fixture.run("topics", "show", name)
            #expect(
                message.status == .exited(0) && message.standardError.contains("event order.created, version 1, in commerce.orders"),
                "\(message)")
            #expect(message.standardOutput.hasPrefix("PROPERTY") && message.standardOutput.contains("items[].quantity"))
        }
        let schema = try await Fixture.run("topics", "show", "order.created", "--schema")
        let example = try await Fixture.run("topics", "example", "order.created")
        let compiled = try JSONSchema(compiling: JSONValue.parse(Array(schema.standardOutput.utf8)), options: .init(assertsFormats: true))
        #expect(compiled.validate(try JSONValue.parse(Array(example.standardOutput.utf8))).isEmpty)
    }

    @Test(
        "a name that is not there is wrong usage, and nothing is printed as data",
        arguments: [
            ["show", "no.topic"], ["show", "commerce.payments/order.created"], ["show", "order.created", "--version", "9"],
            ["example", "no.type"],
            ["show", "commerce.orders", "--schema"], ["list", "--topics", "/no/such/folder"], ["check", "--against", "no-such-ref"],
            ["check", "--against=--help"], ["diff"], ["new", "Bad Name"],
        ])
    func usage(_ arguments: [String]) async throws {
        let result = try await ChildProcess.run(
            .init(
                executable: Fixture.millrace, arguments: ["topics"] + arguments, environment: Fixture.environment([:]),
                workingDirectory: Fixture.project))
        #expect(result.status == .exited(64) && result.standardOutput.isEmpty && !result.standardError.isEmpty, "\(result)")
    }

    // MARK: Lint

    @Test(
        "lint names file, line and column as a compiler does; every command refuses such contracts",
        arguments: [
            (
                "format: uuid", "fromat: uuid",
                #"topics/test.things.yaml:14:34: error: "fromat" is not a word of JSON Schema; did you mean "format"?"#
            ),
            ("size: 3", "size: 30", "topics/test.things.yaml:16:63: error: the example does not fit: /size"),
            ("owner: maker", "\towner: maker", "topics/test.things.yaml:2:1: error: a tab"),
            ("owner: maker", "topic: test.things", #"error: "topic" is there twice"#),
            ("partitionKey: thingId", "partitionKey: thing", #"topics/test.things.yaml:10:7: error: the partition key "thing" must be"#),
            ("minimum: 1", "minimum: one", "topics/test.things.yaml:15:41: error: minimum must be a number"),
            ("owner: maker", "owner: &a maker", "topics/test.things.yaml:2:"), ("size: {", "no: {", "topics/test.things.yaml:"),
            ("topic: test.things", "topic: other.things", "test.things"), ("events:", "evnts:", "did you mean"),
        ])
    func lint(_ old: String, _ new: String, _ words: String) async throws {
        try await withProject { folder in
            let good = try await Fixture.run("topics", "lint", in: folder)
            #expect(good.status == .exited(0) && good.standardOutput.isEmpty && good.standardError.contains("1 topic, 0 errors"), "\(good)")
            try change(folder, old, new)
            let bad = try await Fixture.run("topics", "lint", in: folder)
            #expect(bad.status == .exited(1) && bad.standardOutput.contains(words), "\(bad)")
            for line in bad.standardOutput.split(separator: "\n") {
                #expect(line.contains(#/^topics\/test\.things\.yaml:[0-9]+:[0-9]+: error: ./#), "\(line)")
            }
            let json = try await Fixture.run("topics", "lint", "-o", "json", in: folder)
            let first = try #require(try rows(json).first)
            #expect(json.status == .exited(1) && first["file"] as? String == "topics/test.things.yaml")
            #expect((first["line"] as? Int ?? 0) > 0 && (first["column"] as? Int ?? 0) > 0)
            for command in [["topics", "list"], ["topics", "asyncapi"], ["topics", "check", "--against", "topics"]] {
                let refused = try await ChildProcess.run(
                    .init(executable: Fixture.millrace, arguments: command, environment: Fixture.environment([:]), workingDirectory: folder)
                )
                #expect(refused.status == .exited(1) && refused.standardOutput.isEmpty, "\(refused)")
                #expect(refused.standardError.contains("topics/test.things.yaml:"), "\(refused)")
            }
        }
    }

    @Test("warnings fail with --strict alone")
    func strict() async throws {
        try await withProject { folder in
            try Fixture.write(Self.things + "\n$defs:\n  Unused: { type: string }\n", to: folder + "/topics/test.things.yaml")
            let lax = try await Fixture.run("topics", "lint", in: folder)
            #expect(lax.status == .exited(0) && lax.standardOutput.contains("warning: no schema refers to Unused"), "\(lax)")
            #expect(try await Fixture.run("topics", "lint", "--strict", in: folder).status == .exited(1))
        }
    }

    // MARK: Compatibility

    /// What it guards: `check` compares, and with the commit, not with the folder as it is.
    @Test("a breaking change exits with 4 and names pointer, rule, place and consumers; against a branch, a tag, a commit and a folder")
    func incompatible() async throws {
        try await withProject { folder in
            try Fixture.write("name: reader\nconsumes: [test.things]\n", to: folder + "/workers/reader/worker.yaml")
            try await git(folder, "init", "--quiet", "--initial-branch=main")
            try await git(folder, "add", ".")
            try await git(folder, "commit", "--quiet", "-m", "Release")
            try await git(folder, "tag", "v1")
            try Fixture.write(Self.things, to: folder + "/released/test.things.yaml")
            let same = try await Fixture.run("topics", "check", "--against", "v1", in: folder)
            #expect(
                same.status == .exited(0) && same.standardOutput.isEmpty && same.standardError.contains("compatible (full) with v1"),
                "\(same)")

            try change(folder, "maximum: 10", "maximum: 5")
            for against in ["main", "v1", "HEAD", "HEAD~0", "released", folder + "/released"] {
                let broken = try await Fixture.run("topics", "check", "--against", against, in: folder)
                #expect(broken.status == .exited(4), "\(against): \(broken)")
                for words in ["thing.made v1", "/size", "maximum-lowered", "backward", "reader", "topics/test.things.yaml:15:"] {
                    #expect(broken.standardOutput.contains(words), "\(words): \(broken.standardOutput)")
                }
                #expect(broken.standardError.contains("1 change is not compatible (full) with \(against)"), "\(broken)")
            }
            let row = try #require(try rows(try await Fixture.run("topics", "check", "--against", "v1", "-o", "json", in: folder)).first)
            #expect(
                row["pointer"] as? String == "/size" && row["rule"] as? String == "maximum-lowered"
                    && row["consumers"] as? [String] == ["reader"])
            // Old readers take all that the new contract lets through.
            #expect(try await Fixture.run("topics", "check", "--against", "v1", "--mode", "forward", in: folder).status == .exited(0))
            #expect(try await Fixture.run("topics", "check", "--against", "v1", "--mode", "backward", in: folder).status == .exited(4))
            // Seen from a folder below, it is the same project.
            #expect(try await Fixture.run("topics", "check", "--against", "v1", in: folder + "/workers").status == .exited(4))
        }
    }

    @Test("harmless changes and new versions are compatible; diff lists them all the same")
    func compatible() async throws {
        try await withProject { folder in
            try Fixture.write(Self.things, to: folder + "/released/test.things.yaml")
            try change(folder, "description: A thing was made.", "description: Something was made.\n    deprecated: Use thing.created.")
            #expect(try await Fixture.run("topics", "check", "--against", "released", in: folder).status == .exited(0))
            let diff = try await Fixture.run("topics", "diff", "--against", "released", "-o", "json", in: folder)
            #expect(diff.status == .exited(0), "\(diff)")
            #expect(try !rows(diff).isEmpty)
            try change(folder, "maximum: 10", "maximum: 5")
            let breaking = try await Fixture.run("topics", "diff", "--against", "released", in: folder)
            #expect(breaking.status == .exited(0) && breaking.standardOutput.contains("maximum-lowered"), "\(breaking)")
        }
    }

    // MARK: Making

    @Test("new makes a contract that is in order, and does not write over one")
    func new() async throws {
        try await Fixture.withFolder { folder in
            let made = try await Fixture.run(
                "topics", "new", "billing.invoices", "--owner", "billing", "--key", "invoiceId", "--event", "invoice.issued", "--command",
                "invoice.issue",
                in: folder)
            #expect(made.status == .exited(0), "\(made)")
            #expect(made.standardOutput == "topics/billing.invoices.yaml\ntopics/Topics.swift\ntopics/contract.schema.json\n")
            #expect(made.standardError.contains("TopicsPlugin"))
            let lint = try await Fixture.run("topics", "lint", "--strict", in: folder)
            #expect(lint.status == .exited(0), "\(lint)")
            let again = try await Fixture.run("topics", "new", "billing.invoices", in: folder)
            #expect(again.status == .exited(64) && again.standardError.contains("exists already"), "\(again)")
            let second = try await Fixture.run("topics", "new", "billing.refunds", in: folder)
            #expect(second.standardOutput == "topics/billing.refunds.yaml\n", "\(second)")
        }
    }

    @Test("docs writes one page that needs nothing else, and text stays text in it")
    func docs() async throws {
        try await withProject { folder in
            try change(folder, "description: A thing was made.", "description: \"<script>alert('&')</script>\"")
            let written = try await Fixture.run("topics", "docs", "--out", "site", "--title", "<Things>", in: folder)
            #expect(written.status == .exited(0) && written.standardOutput == "site/index.html\n", "\(written)")
            let page = try String(contentsOfFile: folder + "/site/index.html", encoding: .utf8)
            #expect(page.contains("id=\"thing.made\"") && page.contains("&lt;Things&gt;") && page.contains("&lt;script&gt;alert"))
            #expect(!page.contains("<script>alert") && !page.contains("src=") && !page.contains("http"))
            let printed = try await Fixture.run("topics", "docs", "--out", "-", "--title", "<Things>", in: folder)
            #expect(printed.standardOutput == page + "\n")
            let refused = try await Fixture.run("topics", "docs", "--out", "topics/test.things.yaml/x", in: folder)
            #expect(refused.status == .exited(1) && refused.standardError.contains("cannot write"), "\(refused)")
        }
    }
}
