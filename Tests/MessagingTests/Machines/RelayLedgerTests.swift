import AMQP
import Messaging
import Testing

struct RelayLedgerTests {
    /// Fails when a returned or refused message counts as done, or a lost connection counts against it.
    @Test func onlyAConfirmIsDone() {
        let outcomes: [PublishOutcome] = [
            .confirmed, .nacked, .returned(code: 312, text: "NO_ROUTE"),
            .failed(AMQPError(.connectionClosed, "gone")), .failed(AMQPError(.usage, "too long")), .confirmed,
        ]
        let rows = (1...7).map { (id: Int64($0), attempts: $0 == 2 ? 4 : 0) }
        let ledger = RelayLedger(rows: rows, outcomes: outcomes)
        #expect(ledger.done == [1, 6])
        #expect(ledger.refused.map(\.id) == [2, 3, 5])
        #expect(ledger.refused.map(\.attempts) == [5, 1, 1])
        // The fourth has no answer, the seventh no outcome at all.
        #expect(ledger.unanswered == 2)
    }

    @Test(arguments: 0..<1_000)
    func everyRowIsAccountedForOnce(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let rows = (0..<Int.random(in: 0...50, using: &random)).map { (id: Int64($0), attempts: 0) }
        let outcomes = rows.map { _ -> PublishOutcome in
            switch Int.random(in: 0..<4, using: &random) {
            case 0: .nacked
            case 1: .returned(code: 312, text: "NO_ROUTE")
            case 2: .failed(AMQPError(.connectionClosed, "gone"))
            default: .confirmed
            }
        }
        let ledger = RelayLedger(rows: rows, outcomes: outcomes)
        #expect(ledger.done.count + ledger.refused.count + ledger.unanswered == rows.count)
        #expect(Set(ledger.done).isDisjoint(with: ledger.refused.map(\.id)))
        #expect(ledger.done == ledger.done.sorted())
    }
}
