import Broker
import Testing

/// The confirms of a channel against the plain rule: in order, each once, none before it is durable.
@Suite struct ConfirmLedgerTests {
    @Test func keepsToTheRule() {
        var random = SeededGenerator(seed: 31)
        for _ in 0..<500 { history(&random) }
    }

    private func history(_ random: inout SeededGenerator) {
        var ledger = ConfirmLedger()
        var expected: [(sequence: LogSequence, refused: Bool)] = []
        var appended: LogSequence = 0
        var durable: LogSequence = 0
        var answered = 0
        for _ in 0..<60 {
            switch Int.random(in: 0..<6, using: &random) {
            case 0, 1:
                appended += 1
                ledger.accepted(waitsFor: appended)
                expected.append((appended, false))
            case 2:
                ledger.accepted(waitsFor: nil)
                expected.append((0, false))
            case 3:
                ledger.refused()
                expected.append((0, true))
            default:
                durable = LogSequence.random(in: durable...appended, using: &random)
                ledger.settle(durable: durable) { answer in
                    switch answer {
                    case .nack(let tag):
                        #expect(tag == UInt64(answered + 1))
                        #expect(expected[answered].refused)
                        answered += 1
                    case .ack(let tag, let multiple):
                        #expect(multiple == (tag - UInt64(answered) > 1))
                        for index in answered..<Int(tag) {
                            #expect(!expected[index].refused)
                            #expect(expected[index].sequence <= durable)
                        }
                        answered = Int(tag)
                    }
                }
            }
            #expect(ledger.unanswered == expected.count - answered)
        }
        ledger.settle(durable: appended) { answer in
            switch answer {
            case .ack(let tag, _), .nack(let tag): answered = Int(tag)
            }
        }
        #expect(answered == expected.count)
        #expect(ledger.isEmpty)
    }
}

/// The unsettled deliveries of a channel against a plain dictionary.
@Suite struct UnsettledDeliveriesTests {
    private let harness: MachineHarness
    private let queue: Queue

    init() throws {
        harness = try MachineHarness()
        let host = try harness.core.createHost("/")
        queue = try host.declareQueue(QueueDeclaration(name: "q"), requester: nil)
    }

    private func delivery(_ tag: UInt64) -> UnsettledDelivery {
        UnsettledDelivery(
            tag: tag, entry: QueueEntry(position: tag, stored: nil, message: nil, size: 0), queue: queue, consumer: nil)
    }

    @Test func behavesLikeADictionary() {
        var random = SeededGenerator(seed: 2)
        for _ in 0..<200 {
            var ledger = UnsettledDeliveries()
            var model: Set<UInt64> = []
            var next: UInt64 = 1
            for _ in 0..<300 {
                let tag = UInt64.random(in: 0...next, using: &random)
                switch Int.random(in: 0..<12, using: &random) {
                case 0..<6:
                    ledger.append(delivery(next))
                    model.insert(next)
                    // Deliveries that need no acknowledgement use up tags too.
                    next += UInt64.random(in: 1...3, using: &random)
                case 6..<9: #expect((ledger.remove(tag) != nil) == (model.remove(tag) != nil))
                case 9:
                    let lowest = model.min() ?? 0
                    #expect((ledger.remove(lowest) != nil) == (model.remove(lowest) != nil))
                case 10:
                    let taken = ledger.remove(through: tag)?.map(\.tag)
                    let expected = model.contains(tag) ? model.filter { $0 <= tag }.sorted() : nil
                    #expect(taken == expected)
                    model.subtract(expected ?? [])
                default:
                    let all = ledger.removeAll()
                    #expect(all.map(\.tag) == model.sorted())
                    ledger.restore(all.shuffled(using: &random))
                }
                #expect(ledger.count == model.count)
            }
            #expect(ledger.removeAll().map(\.tag) == model.sorted())
        }
    }
}
