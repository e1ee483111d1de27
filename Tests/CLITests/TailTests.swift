import ContractFiles
import Contracts
import Foundation
import Testing
import millrace_cli

@Suite struct TailTests {
    @Test(arguments: [
        ("commerce.orders", "commerce.*", true), ("commerce.orders", "*", false), ("commerce.orders", "#", true),
        ("commerce.orders", "commerce.#", true), ("commerce", "commerce.#", true), ("commerce.orders", "#.orders", true),
        ("commerce.orders.old", "commerce.*", false), ("a.b.c.d", "a.#.d", true), ("a.d", "a.#.d", true), ("a.b", "a.#.d", false),
        ("a.b.a.b", "#.a.b", true), ("a", "#.#.#", true), ("", "*", true),
    ])
    func patternsMatchAsATopicExchangeDoes(_ name: String, _ pattern: String, _ expected: Bool) {
        #expect(TopicSelection.matches(name, pattern: pattern) == expected)
    }

    @Test func aTopicWithoutAContractIsReadButNotDeclared() throws {
        let selection = try TopicSelection(["other.topic"], types: [], catalog: nil)
        #expect(selection.sources == [.init(exchange: "other.topic", routingKey: "#")])
        #expect(selection.known.isEmpty)
    }

    @Test func aPatternNeedsContracts() {
        #expect(throws: UsageFailure.self) { try TopicSelection(["*"], types: [], catalog: nil) }
    }

    @Test func commandsAreBoundByName() throws {
        #expect(throws: UsageFailure.self) { try TopicSelection(["commands"], types: [], catalog: nil) }
        let selection = try TopicSelection(["commands"], types: ["stock.reserve"], catalog: nil)
        #expect(selection.sources == [.init(exchange: "commands", routingKey: "stock.reserve")])
    }

    @Test func formats() throws {
        let envelope = Envelope(
            id: UUID(uuidString: "0198c2a4-7d5e-7a51-9c0e-3f6f0f5a1b2c")!, source: "/cli", type: "order.created",
            time: Date(timeIntervalSince1970: 0), partitionKey: "o-1", data: Array("{}".utf8))
        let event = TailedEvent(topic: "commerce.orders", envelope: envelope, body: envelope.encoded())
        #expect(
            try TailFormat(#"%t %i %v %k %n 100%%\n"#).text(for: event)
                == "order.created 0198c2a4-7d5e-7a51-9c0e-3f6f0f5a1b2c {} o-1 - 100%\n")
        #expect(try TailFormat("%o %T").text(for: event) == "commerce.orders 1970-01-01T00:00:00.000Z")
        #expect(throws: UsageFailure.self) { try TailFormat("%x") }
        #expect(throws: UsageFailure.self) { try TailFormat("%") }
    }

    @Test func aTallyKnowsHowFarEverythingIsConfirmed() {
        var tally = PublishTally(skipped: 10)
        tally.confirm(11)
        tally.confirm(12)
        tally.lose(.init(number: 13, line: 13, id: nil, kind: .unconfirmed, reason: "lost"))
        tally.confirm(14)
        #expect(tally.settledThrough == 12)
        #expect((tally.confirmed, tally.lost, tally.unconfirmed) == (3, 1, 1))
        #expect(tally.confirmedWords == "messages 11 to 12 and 14")
        #expect(PublishTally().confirmedWords == nil)
    }

    @Test func dataThatIsLeftOutIsDoneWith() {
        var tally = PublishTally(leavesOutRefused: true)
        tally.confirm(1)
        tally.lose(.init(number: 2, line: 2, kind: .refused, reason: "no"))
        tally.confirm(3)
        tally.lose(.init(number: 4, line: 4, kind: .rejected, reason: "full"))
        #expect(tally.settledThrough == 3 && tally.confirmedWords == "messages 1 and 3")
        #expect((tally.refused, tally.rejected, tally.unconfirmed) == (1, 1, 0))
    }
}
