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
        let line = try #require(
            LogLine(#"{"time":"2026-01-02T03:04:05.678Z","level":"warning","worker":"orders","message":"slow","ms":"12"}"#))
        #expect(line.message == "slow" && line.level == "warning" && line.fields == ["ms=12"] && line.clock == "03:04:05.678")
        #expect(line.gravity == 2)
        #expect(LogLine("Fatal error: x") == nil)
        #expect(LogLine("{}") == nil)
        #expect(LogLine("{broken") == nil)
    }

    /// Fails when control characters reach a terminal as they are: what a message holds could then move the cursor or set the title.
    @Test(
        "what comes from elsewhere cannot steer a terminal",
        arguments: [
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

    /// Fails when a user may configure or write what its worker consumes, configure the exchange of the commands, or read everything;
    /// when a pattern has no beginning, no end or no escapes; and when the queues of partitions are forgotten, or any name that begins
    /// as the queue's does is taken.
    @Test("a worker may do at the broker what its manifest says, and nothing else")
    func permissions() throws {
        let manifest = try WorkerManifest(yaml: "name: orders\nowns: [commerce.orders]\nconsumes: [supply.inventory]\n")
        let user = BrokerPermissions.user(for: manifest, password: "x")
        #expect(user.name == "worker-orders")
        let own = ["worker.orders", "worker.orders.2", "commerce.orders"]
        let foreign = [
            "worker.ordersX", "worker.orders-2", "worker.payments", "my.worker.orders", "workerXorders", "commerce-orders",
            "commerceXorders",
            "my.commerce.orders", "commerce.orders.all", "commerce.payments", "Commands", "commands2", "recommands", "supplyXinventory", "",
        ]
        // A broker looks for the pattern anywhere in a name.
        func taken(_ pattern: String) throws -> [String] {
            let regex = try Regex(pattern)
            return try (own + ["commands", "supply.inventory"] + foreign).filter { try regex.firstMatch(in: $0) != nil }
        }
        #expect(try taken(user.configure) == own)
        #expect(try taken(user.write) == own + ["commands"])
        #expect(try taken(user.read) == own + ["commands", "supply.inventory"])
        // Of a worker whose name or topic has a hyphen, or that owns nothing.
        let poor = BrokerPermissions.user(for: try WorkerManifest(yaml: "name: my-worker\n"), password: "x")
        #expect(poor.configure == #"^(worker\.my-worker(\..*)?)$"#)
    }

    @Test(
        "a manifest is read, with defaults; what is wrong in it is named",
        arguments: [
            ("name: Orders", "name"), ("name: a.b", "name"), ("executable: x", "name"), ("name: a\nhttp: {port: 0}", "port"),
            ("name: [a]", "name"), ("owns: a: b", ""),
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
