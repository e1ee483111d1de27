import AMQP
import Testing

@Suite struct ConfirmTrackerTests {
    typealias Tracker = ConfirmTracker<Int>

    private func settle(_ tracker: inout Tracker, _ tag: UInt64, multiple: Bool = false, positive: Bool = true) throws -> [Int: Tracker
        .Outcome]
    {
        var result: [Int: Tracker.Outcome] = [:]
        try tracker.settle(tag: tag, multiple: multiple, positive: positive) { ticket, outcome in
            #expect(result[ticket] == nil)
            result[ticket] = outcome
        }
        return result
    }

    @Test func settlesOneByOneInAnyOrder() throws {
        var tracker = Tracker(window: 3)
        for ticket in 1...3 { #expect(tracker.publish(ticket) == UInt64(ticket)) }
        #expect(tracker.isFull)
        #expect(try settle(&tracker, 2) == [2: .confirmed])
        #expect(!tracker.isFull)
        #expect(try settle(&tracker, 3, positive: false) == [3: .nacked])
        #expect(try settle(&tracker, 1) == [1: .confirmed])
        #expect(tracker.inFlight == 0)
        #expect(tracker.publish(4) == 4)
    }

    @Test func multipleCoversOnlyWhatIsOpen() throws {
        var tracker = Tracker(window: 10)
        for ticket in 1...5 { tracker.publish(ticket) }
        _ = try settle(&tracker, 2)
        #expect(try settle(&tracker, 4, multiple: true, positive: false) == [1: .nacked, 3: .nacked, 4: .nacked])
        #expect(try settle(&tracker, 0, multiple: true) == [5: .confirmed])
    }

    /// Fails when the outcome is taken from the ack alone: the broker acks what it returned, yet the message is nowhere.
    @Test func aReturnOverrulesTheAck() throws {
        var tracker = Tracker(window: 10)
        tracker.publish(1)
        tracker.publish(2)
        #expect(tracker.markReturned(code: 312, text: "NO_ROUTE") { $0 == 2 } == 1)
        #expect(try settle(&tracker, 2, multiple: true) == [1: .confirmed, 2: .returned(code: 312, text: "NO_ROUTE")])
    }

    /// Fails when only the first match is marked: the second might be the one that was returned.
    @Test func indistinguishableMessagesAreAllReturned() throws {
        var tracker = Tracker(window: 10)
        for ticket in [7, 8, 7] { tracker.publish(ticket) }
        #expect(tracker.markReturned(code: 312, text: "x") { $0 == 7 } == 2)
        var returned = 0
        try tracker.settle(tag: 3, multiple: true, positive: true) { ticket, outcome in
            if case .returned = outcome {
                returned += 1
                #expect(ticket == 7)
            }
        }
        #expect(returned == 2)
    }

    @Test func aSecondAnswerIsIgnored() throws {
        var tracker = Tracker(window: 10)
        for ticket in 1...3 { tracker.publish(ticket) }
        _ = try settle(&tracker, 2)
        #expect(try settle(&tracker, 2).isEmpty)
        _ = try settle(&tracker, 3, multiple: true)
        #expect(try settle(&tracker, 1).isEmpty)
        #expect(tracker.inFlight == 0)
    }

    @Test func unknownTagsBreakTheProtocol() {
        var tracker = Tracker(window: 10)
        tracker.publish(1)
        #expect(throws: AMQPError.self) { try tracker.settle(tag: 2, multiple: false, positive: true) { _, _ in } }
        #expect(throws: AMQPError.self) { try tracker.settle(tag: .max, multiple: true, positive: true) { _, _ in } }
        #expect(throws: AMQPError.self) { try tracker.settle(tag: 0, multiple: false, positive: true) { _, _ in } }
        #expect(tracker.inFlight == 1)
    }

    /// Fails when a message that was in flight is forgotten with its channel: its caller would wait for ever.
    @Test func drainGivesAllThatIsOpenInOrder() throws {
        var tracker = Tracker(window: 10)
        for ticket in 1...5 { tracker.publish(ticket) }
        _ = try settle(&tracker, 3)
        #expect(tracker.drain() == [1, 2, 4, 5])
        #expect(tracker.inFlight == 0)
        #expect(tracker.publish(9) == 1)
    }

    /// Against a model that keeps every tag in a dictionary: each message settles exactly once, whatever comes.
    @Test func agreesWithAModel() throws {
        var generator = SeededGenerator(seed: 42)
        for _ in 0..<500 {
            var tracker = Tracker(window: 20)
            var open: [UInt64: Bool] = [:]
            var last: UInt64 = 0
            for _ in 0..<120 {
                switch Int.random(in: 0...9, using: &generator) {
                case 0...4 where !tracker.isFull:
                    last += 1
                    #expect(tracker.publish(Int(last)) == last)
                    open[last] = false
                case 5:
                    guard let tag = open.keys.sorted().randomElement(using: &generator) else { continue }
                    tracker.markReturned(code: 1, text: "") { $0 == Int(tag) }
                    open[tag] = true
                case 6 where Bool.random(using: &generator):
                    #expect(tracker.drain() == open.keys.sorted().map(Int.init))
                    open = [:]
                    last = 0
                default:
                    guard last > 0 else { continue }
                    let tag = UInt64.random(in: 1...last, using: &generator)
                    let multiple = Bool.random(using: &generator)
                    let positive = Bool.random(using: &generator)
                    var expected: [Int: Tracker.Outcome] = [:]
                    for (key, returned) in open where key == tag || (multiple && key <= tag) {
                        expected[Int(key)] = returned ? .returned(code: 1, text: "") : positive ? .confirmed : .nacked
                        open[key] = nil
                    }
                    #expect(try settle(&tracker, tag, multiple: multiple, positive: positive) == expected)
                }
                #expect(tracker.inFlight == open.count)
            }
        }
    }
}
