import Servers
import Testing
import millrace_cli

@Suite("Text") struct TextTests {
    @Test("columns line up, numbers to the right, nothing after the last cell")
    func table() {
        var table = Table(["NAME", "N"], right: [1])
        table.add(["a", "5"])
        table.add(["longer", "1234"])
        table.add(["only"])
        #expect(table.text == "NAME       N\na          5\nlonger  1234\nonly")
    }

    @Test("a worker's log line is read; anything else is not mistaken for one")
    func logLine() throws {
        let line = try #require(LogLine(#"{"time":"2026-01-02T03:04:05.678Z","level":"warning","worker":"orders","message":"slow","ms":"12"}"#))
        #expect(line.message == "slow" && line.level == "warning" && line.fields == ["ms=12"] && line.clock == "03:04:05.678")
        #expect(line.gravity == 2)
        #expect(LogLine("Fatal error: x") == nil)
        #expect(LogLine("{}") == nil)
        #expect(LogLine("{broken") == nil)
    }

    @Test("passwords are taken out of URLs")
    func redacted() {
        #expect(Redacted.text("cannot reach postgres://u:secret@h:1/d?x=1 now") == "cannot reach postgres://u:***@h:1/d?x=1 now")
        #expect(Redacted.text("http://127.0.0.1:8080/orders") == "http://127.0.0.1:8080/orders")
    }

    /// Fails when control characters reach a terminal as they are: what a message holds could then move the cursor or set the title.
    @Test("what comes from elsewhere cannot steer a terminal", arguments: [
        ("plain ü 漢\ttext\nand more", "plain ü 漢\ttext\nand more"), ("\u{1B}[1;31mred\u{1B}[0m", "\u{1B}[1;31mred\u{1B}[0m"),
        ("a\u{1B}]0;title\u{7}b", "a\u{FFFD}]0;title\u{FFFD}b"), ("\u{1B}[2J\u{1B}[31", "\u{FFFD}[2J\u{FFFD}[31"),
        ("over\rwritten\r\n", "over\u{FFFD}written\u{FFFD}\n"), ("\u{9B}2J\u{8}\u{7F}\0", "\u{FFFD}2J\u{FFFD}\u{FFFD}\u{FFFD}"),
    ])
    func terminal(text: String, harmless: String) {
        #expect(TerminalText.harmless(text) == harmless)
    }

    @Test("money has two digits after the point", arguments: [(0, "0.00"), (5, "0.05"), (2933, "29.33"), (-150, "-1.50")])
    func money(cents: Int, text: String) {
        #expect(Money.text(cents) == text)
    }

    @Test("a worker may do at the broker what its manifest says, and nothing else")
    func permissions() throws {
        let manifest = try WorkerManifest(yaml: "name: orders\nowns: [commerce.orders]\nconsumes: [supply.inventory]\n")
        let user = BrokerPermissions.user(for: manifest, password: "x")
        #expect(user.name == "worker-orders")
        let write = try Regex(user.write)
        let read = try Regex(user.read)
        for name in ["worker.orders", "worker.orders.2", "commands", "commerce.orders"] { #expect(try write.wholeMatch(in: name) != nil, "\(name)") }
        for name in ["worker.ordersX", "worker.payments", "supply.inventory", "commerce-orders", "commerceXorders", ""] {
            #expect(try write.wholeMatch(in: name) == nil, "\(name)")
        }
        #expect(try read.wholeMatch(in: "supply.inventory") != nil)
        #expect(try read.wholeMatch(in: "commerce.payments") == nil)
    }

    @Test("a manifest is read, with defaults; what is wrong in it is named", arguments: [
        ("name: Orders", "name"), ("name: a.b", "name"), ("executable: x", "name"), ("name: a\nhttp: {port: 0}", "port"), ("name: [a]", "name"), ("owns: a: b", ""),
    ])
    func manifest(yaml: String, part: String) throws {
        let good = try WorkerManifest(yaml: "name: my-worker\n")
        #expect(good.executable == "my-worker-worker" && good.schema == "my_worker" && good.role == "worker_my_worker" && good.port == nil)
        do {
            _ = try WorkerManifest(yaml: yaml)
            Issue.record("\(yaml) was taken")
        } catch {
            #expect("\(error)".contains(part) || part.isEmpty, "\(error)")
        }
    }
}
