import AMQP
import Testing

@Suite struct SettlementTrackerTests {
    private func flush(_ tracker: inout SettlementTracker) -> [SettlementTracker.Action] {
        var actions: [SettlementTracker.Action] = []
        tracker.flush { actions.append($0) }
        return actions
    }

    private func tracker(_ count: UInt64) -> SettlementTracker {
        var tracker = SettlementTracker()
        for tag in 1...count { tracker.delivered(tag) }
        return tracker
    }

    @Test func joinsAdjacentAcknowledgements() {
        var tracker = tracker(5)
        for tag: UInt64 in [3, 1, 2] { #expect(tracker.acknowledge(tag, multiple: false) == true) }
        #expect(flush(&tracker) == [.acknowledge(tag: 3, multiple: true)])
        #expect(tracker.outstanding == 2)
        tracker.acknowledge(5, multiple: false)
        #expect(flush(&tracker) == [.acknowledge(tag: 5, multiple: false)])
        tracker.acknowledge(4, multiple: false)
        #expect(flush(&tracker) == [.acknowledge(tag: 4, multiple: false)])
        #expect(tracker.outstanding == 0)
        #expect(!tracker.hasWork)
    }

    /// Fails when a second answer is passed on: the broker closes the channel with 406 for an unknown delivery tag.
    @Test func neverAnswersTwice() {
        var tracker = tracker(4)
        tracker.acknowledge(2, multiple: true)
        _ = flush(&tracker)
        #expect(tracker.acknowledge(2, multiple: false) == false)
        #expect(tracker.acknowledge(1, multiple: true) == false)
        #expect(tracker.reject(2, requeue: true) == false)
        #expect(tracker.acknowledge(5, multiple: true) == false)
        #expect(tracker.acknowledge(0, multiple: false) == false)
        #expect(flush(&tracker).isEmpty)
        #expect(tracker.reject(3, requeue: true) == true)
        #expect(tracker.acknowledge(3, multiple: false) == false)
        #expect(tracker.reject(3, requeue: false) == false)
        #expect(flush(&tracker) == [.reject(tag: 3, requeue: true)])
        #expect(tracker.acknowledge(4, multiple: true) == true)
        #expect(flush(&tracker) == [.acknowledge(tag: 4, multiple: false)])
    }

    /// Fails when the acknowledgement goes first: it would cover the rejected message and lose it.
    @Test func rejectsBeforeItAcknowledgesAll() {
        var tracker = tracker(3)
        tracker.reject(2, requeue: true)
        tracker.acknowledge(3, multiple: true)
        #expect(flush(&tracker) == [.reject(tag: 2, requeue: true), .acknowledge(tag: 3, multiple: true)])
        #expect(tracker.outstanding == 0)
    }

    /// Against a model of the broker: every tag is answered at most once, as decided, and a multiple always covers something.
    @Test func agreesWithAModelOfTheBroker() {
        var generator = SeededGenerator(seed: 11)
        for _ in 0..<1000 {
            var tracker = SettlementTracker()
            var broker = Set<UInt64>()
            var wanted = Set<UInt64>()
            var decided: [UInt64: Bool] = [:]
            var last: UInt64 = 0
            for _ in 0..<60 {
                switch Int.random(in: 0...9, using: &generator) {
                case 0...3:
                    last += 1
                    tracker.delivered(last)
                    broker.insert(last)
                    wanted.insert(last)
                case 4...5:
                    let tag = UInt64.random(in: 0...(last + 2), using: &generator)
                    if tracker.acknowledge(tag, multiple: false) {
                        decided[tag] = true
                        wanted.remove(tag)
                    }
                case 6:
                    let tag = UInt64.random(in: 0...(last + 2), using: &generator)
                    if tracker.acknowledge(tag, multiple: true) {
                        for open in wanted where open <= tag { decided[open] = true }
                        wanted = wanted.filter { $0 > tag }
                    }
                case 7:
                    let tag = UInt64.random(in: 0...(last + 2), using: &generator)
                    if tracker.reject(tag, requeue: true) {
                        decided[tag] = false
                        wanted.remove(tag)
                    }
                default:
                    for action in flush(&tracker) {
                        switch action {
                        case .acknowledge(let tag, let multiple):
                            #expect(broker.contains(tag))
                            for covered in broker where covered == tag || (multiple && covered < tag) {
                                #expect(decided[covered] == true)
                                broker.remove(covered)
                            }
                        case .reject(let tag, _):
                            #expect(broker.remove(tag) != nil)
                            #expect(decided[tag] == false)
                        }
                    }
                    #expect(broker == wanted)
                    #expect(tracker.outstanding == broker.count)
                }
            }
        }
    }
}
