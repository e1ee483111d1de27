import AMQP
import Contracts
import Messaging
import Postgres
import TestSupport
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite(.timeLimit(.minutes(4)))
struct ParkingTests {
    /// Fails when a failing message takes its batch with it: rollback, then one by one (QueueConsumer.runTogether).
    @Test func aMessageThatFailsForGoodIsParkedAndOnlyIt() async throws {
        try await Rig.with { rig in
            let runs = Box(0)
            let handlers = rig.recording { envelope, _ in
                guard envelope.value == 50 else { return }
                runs.update { $0 += 1 }
                throw Permanent("never")
            }
            try await rig.running(handlers) { messaging in
                await rig.publish((0..<100).map { rig.message($0, key: "k\($0)") })
                try await rig.eventually { try await rig.count("seen") == 99 }
                try await rig.eventually { try await rig.count("parked") == 1 }
                let failure = try await FailureStore(postgres: rig.postgres).list().first
                #expect(failure?.status == .failed)
                #expect(failure?.errorMessage == "never")
                #expect(failure?.errorPlace?.contains("ParkingTests.swift") == true)
                // Once in its batch, once alone; Permanent skips the retries.
                #expect(runs.value <= 2)
                try await rig.eventually { messaging.snapshot().parked == 1 }
                #expect(try await rig.count("inbox") == 100)
            }
        }
    }

    /// Claims of others lock a message for a moment, to find that it has been taken. Fails when a run passes over a message that is
    /// locked: it would be left, and counted, until its lease ends (ParkedRetrier.handle).
    @Test func aMessageThatOthersLookAtIsNotPutOff() async throws {
        try await Rig.with { rig in
            let isBroken = Box(true)
            let handlers = rig.recording { _, _ in if isBroken.value { throw Permanent("not yet") } }
            try await rig.running(handlers, { $0.parkedConcurrency = 8 }) { messaging in
                await rig.publish((0..<400).map { rig.message($0, key: "k\($0)") })
                try await rig.eventually { try await rig.count("parked") == 400 }
                let before = messaging.snapshot().retried
                isBroken.update { $0 = false }
                #expect(try await FailureStore(postgres: rig.postgres).retry(matching: .all) == 400)
                try await rig.eventually(within: .seconds(60)) { try await rig.count("parked") == 0 }
                #expect(messaging.snapshot().retried - before == 400)
                #expect(try await rig.count("seen") == 400)
            }
        }
    }

    /// Fails when the retrier runs a message itself, or looks for others only when all of a round are through (ParkedRetrier.retry).
    @Test func aSlowRetryHoldsUpItsKeyOnly() async throws {
        try await Rig.with { rig in
            let (isParked, isSlow, mayGoOn) = (Box(false), Box(false), Box(false))
            let handlers = rig.recording { envelope, _ in
                if !isParked.value { throw TestFailure() }
                guard envelope.value == 0 else { return }
                isSlow.update { $0 = true }
                while !mayGoOn.value { try await Task.sleep(for: .milliseconds(5)) }
            }
            try await rig.running(handlers, { $0.parkedConcurrency = 2 }) { _ in
                await rig.publish([rig.message(0, key: "a")])
                try await rig.eventually { try await rig.count("parked") == 1 }
                isParked.update { $0 = true }
                try await rig.eventually { isSlow.value }
                // Parked, and due, only when the other is under way.
                isParked.update { $0 = false }
                await rig.publish([rig.message(1, key: "b")])
                try await rig.eventually { try await rig.count("parked") == 2 }
                isParked.update { $0 = true }
                try await rig.eventually { try await rig.seen()["b"] == [1] }
                mayGoOn.update { $0 = true }
                try await rig.eventually { try await rig.count("parked") == 0 }
                #expect(try await rig.seen() == ["a": [0], "b": [1]])
            }
        }
    }

    /// Fails when immediate retries, or retries from parking, do not take place.
    @Test func aTransientFailureHeals() async throws {
        try await Rig.with { rig in
            let runs = Box<[Int: Int]>([:])
            let handlers = rig.recording { envelope, _ in
                let run = runs.update { runs in
                    runs[envelope.value, default: 0] += 1
                    return runs[envelope.value] ?? 0
                }
                // The first heals at once, the second only from parking.
                if envelope.value == 1, run < 3 { throw TestFailure() }
                if envelope.value == 2, run < 8 { throw TestFailure() }
            }
            try await rig.running(handlers) { _ in
                await rig.publish([rig.message(1, key: "a"), rig.message(2, key: "b")])
                try await rig.eventually { try await rig.count("seen") == 2 }
                try await rig.eventually { try await rig.count("parked") == 0 }
                #expect(runs.value[1] == 3)
                #expect(runs.value[2] == 8)
            }
        }
    }

    /// Fails when successors run past a parked one (InboxStatements.checks, BatchPlan.parkBehind), when they do not
    /// flow after it (ParkedStatements.promote and promoteOrphans, both), or when another key has to wait.
    @Test(arguments: TestBroker.allCases) func aPoisonedKeyWaitsInOrderWhileOthersFlow(_ broker: TestBroker) async throws {
        try await Rig.with(broker) { rig in
            let isBroken = Box(true)
            let handlers = rig.recording { envelope, _ in
                if envelope.value == 10, isBroken.value { throw TestFailure() }
            }
            try await rig.running(handlers) { messaging in
                await rig.publish((0..<40).map { rig.message($0, key: $0 % 2 == 0 ? "bad" : "good") })
                try await rig.eventually { try await rig.seen()["good"]?.count == 20 }
                try await rig.eventually { try await rig.count("parked") == 15 }
                // More of the key, in later batches.
                await rig.publish((40..<60).map { rig.message($0, key: $0 % 2 == 0 ? "bad" : "good") })
                try await rig.eventually { try await rig.seen()["good"]?.count == 30 }
                try await rig.eventually { try await rig.count("parked") == 25 }
                #expect(try await rig.seen()["bad"] == [0, 2, 4, 6, 8])
                #expect(try await rig.number("SELECT count(*) FROM parked WHERE status = 'waiting'") == 24)
                isBroken.update { $0 = false }
                try await rig.eventually { try await rig.count("parked") == 0 }
                #expect(try await rig.seen()["bad"] == Array(stride(from: 0, to: 60, by: 2)))
                #expect(try await rig.seen()["good"] == Array(stride(from: 1, to: 60, by: 2)))
                try await rig.eventually { messaging.snapshot().parked == 25 }
            }
        }
    }

    /// After its attempts the message is given to an operator, and its successors keep waiting.
    @Test func attemptsEnd() async throws {
        try await Rig.with { rig in
            let runs = Box(0)
            let handlers = rig.recording { envelope, _ in
                guard envelope.value == 0 else { return }
                runs.update { $0 += 1 }
                throw TestFailure()
            }
            try await rig.running(
                handlers,
                {
                    $0.retry = RetryPolicy(
                        immediate: 2, attempts: 3, backoff: Backoff(initial: .milliseconds(5), maximum: .milliseconds(10)))
                }
            ) { _ in
                await rig.publish([rig.message(0, key: "k")])
                try await rig.eventually { try await rig.count("parked") == 1 }
                await rig.publish([rig.message(1, key: "k")])
                try await rig.eventually { try await rig.number("SELECT count(*) FROM parked WHERE status = 'failed'") == 1 }
                try await rig.eventually { try await rig.count("parked") == 2 }
                // One run, two more at once, three from parking.
                #expect(runs.value == 6)
                #expect(try await rig.count("seen") == 0)
                #expect(try await rig.number("SELECT attempts::bigint FROM parked WHERE status = 'failed'") == 3)
            }
        }
    }

    /// Fails when bytes that cannot be parsed stop the queue, are dropped, or are parked twice when they come twice.
    @Test func bytesThatAreNoEnvelopeAreParkedAsTheyAre() async throws {
        try await Rig.with { rig in
            try await rig.running(rig.recording()) { _ in
                let key = String(repeating: "x", count: 5_000)
                let garbage: [[UInt8]] = [
                    [], [0xFF, 0x00, 0xFE], Array("{\"specversion\":\"1.0\"".utf8), Array("null".utf8),
                    rig.message(1, key: "a\0b").encoded(), rig.message(2, key: key).encoded(),
                ]
                let messages = (garbage + [rig.message(3, key: "k").encoded()]).enumerated().map { number, body in
                    OutgoingMessage(
                        exchange: rig.topic, routingKey: "thing.done",
                        properties: MessageProperties(messageID: "m\(number)"), body: body, mandatory: true)
                }
                _ = await rig.publisher.publish(messages + messages)
                try await rig.eventually { try await rig.count("seen") == 1 }
                try await rig.eventually { try await rig.count("parked") == garbage.count }
                let store = FailureStore(postgres: rig.postgres)
                let failures = try await store.list()
                #expect(failures.allSatisfy { $0.status == .failed && $0.partitionKey == nil })
                for (failure, body) in zip(failures, garbage) {
                    #expect(try await store.show(failure.id)?.body == body)
                }
            }
        }
    }

    /// Fails without Delivery.isBinaryCloudEvent: the reason is then that the data has no `specversion`, which misleads.
    @Test(arguments: ["cloudEvents:", "cloudEvents_"])
    func anEventInBinaryModeIsParkedWithThatReason(_ prefix: String) async throws {
        try await Rig.with { rig in
            try await rig.running(rig.recording()) { _ in
                let headers: AMQPTable = ["specversion": "1.0", "id": "1", "source": "/x", "type": "thing.done"].reduce(into: [:]) {
                    headers, pair in
                    headers[prefix + pair.key] = .string(pair.value)
                }
                _ = await rig.publisher.publish(
                    OutgoingMessage(
                        exchange: rig.topic, routingKey: "thing.done",
                        properties: MessageProperties(contentType: "application/json", headers: headers), body: Array("{\"a\":1}".utf8)))
                try await rig.eventually { try await rig.count("parked") == 1 }
                let failure = try #require(try await FailureStore(postgres: rig.postgres).list().first)
                #expect(
                    failure.errorMessage?.contains("in binary mode") == true && failure.errorType == "MessagingError.unparseable",
                    "\(failure)")
            }
        }
    }

    /// The race of ParkedRetrier's comment: the retrier deletes the last parked message of a key while the consumer is
    /// about to park the next one behind it. Fails without ParkedStatements.promoteOrphans: the message waits for ever.
    @Test func aMessageParkedBehindOneThatIsJustLeavingIsNotForgotten() async throws {
        try await Rig.with { rig in
            let isBroken = Box(true)
            let handlers = rig.recording { envelope, _ in
                if envelope.value == 0, isBroken.value { throw TestFailure() }
            }
            try await rig.running(handlers) { _ in
                await rig.publish([rig.message(0, key: "k")])
                try await rig.eventually { try await rig.count("parked") == 1 }
                // What the consumer does when it has seen the parked row, held open until the retrier is done.
                let next = rig.message(1, key: "k")
                try await rig.postgres.withTransaction { consumer in
                    try await consumer.execute("INSERT INTO inbox (message_id) VALUES (\(next.id))")
                    #expect(try await consumer.execute("SELECT 1 FROM parked WHERE partition_key = 'k'").count == 1)
                    try await consumer.execute(
                        """
                        INSERT INTO parked (message_id, partition_key, exchange, routing_key, type, body, status)
                        VALUES (\(next.id), 'k', \(rig.topic), 'thing.done', 'thing.done', \(next.encoded()), 'waiting')
                        """)
                    isBroken.update { $0 = false }
                    try await rig.eventually { try await rig.count("seen") == 1 }
                    #expect(try await rig.count("parked") == 0)
                }
                await rig.publish([rig.message(2, key: "k")])
                try await rig.eventually { try await rig.count("seen") == 3 }
                #expect(try await rig.seen() == ["k": [0, 1, 2]])
                #expect(try await rig.count("parked") == 0)
            }
        }
    }

    /// The other side of it: while the retried message runs, a new one of its key must not.
    @Test func whileAParkedMessageRunsItsKeyWaits() async throws {
        try await Rig.with { rig in
            let gate = Gate()
            let isBroken = Box(true)
            let handlers = rig.recording { envelope, _ in
                guard envelope.value == 0 else { return }
                if isBroken.value { throw TestFailure() }
                await gate.pass()
            }
            try await rig.running(handlers) { _ in
                await rig.publish([rig.message(0, key: "k")])
                try await rig.eventually { try await rig.count("parked") == 1 }
                isBroken.update { $0 = false }
                await gate.reached()
                // The retrier is inside the handler now.
                await rig.publish((1..<5).map { rig.message($0, key: "k") })
                try await rig.eventually { try await rig.number("SELECT count(*) FROM parked WHERE status = 'waiting'") == 4 }
                #expect(try await rig.count("seen") == 0)
                gate.open()
                try await rig.eventually { try await rig.count("seen") == 5 }
                #expect(try await rig.seen() == ["k": [0, 1, 2, 3, 4]])
                try await rig.eventually { try await rig.count("parked") == 0 }
            }
        }
    }

    /// Keys at random fail at random for a while, from two processes with two retriers each: all is handled once and in
    /// the order of its key. Fails when a parked row has neither a lease nor a lock while it runs (ParkedRetrier).
    @Test(arguments: TestBroker.allCases) func orderHoldsUnderRandomFailures(_ broker: TestBroker) async throws {
        try await Rig.with(broker) { rig in
            let handlers = rig.recording { envelope, _ in
                if Int.random(in: 0..<10) == 0 { throw TestFailure() }
            }
            let quick: (inout MessagingConfiguration) -> Void = {
                $0.retry = RetryPolicy(
                    immediate: 0, attempts: 1_000, backoff: Backoff(initial: .milliseconds(1), maximum: .milliseconds(5)))
                $0.parkedPoll = .milliseconds(10)
            }
            try await rig.elsewhere { other in
                try await rig.running(handlers, quick) { _ in
                    try await other.running(handlers, quick) { _ in
                        for part in 0..<10 {
                            await rig.publish((0..<40).map { rig.message(part * 40 + $0, key: "k\($0 % 8)") })
                        }
                        try await rig.eventually(within: .seconds(60)) { try await rig.count("seen") >= 400 }
                        try await rig.eventually { try await rig.count("parked") == 0 }
                        let seen = try await rig.seen()
                        #expect(seen.values.map(\.count).reduce(0, +) == 400)
                        for (key, values) in seen { #expect(values == values.sorted(), "\(key)") }
                    }
                }
            }
        }
    }
}

/// Holds a handler until the test lets it go.
final class Gate: Sendable {
    private let isReached = Signal()
    private let isOpen = Signal()

    /// For the handler.
    func pass() async {
        isReached.fire()
        await isOpen.wait()
    }

    /// For the test: until a handler is there.
    func reached() async { await isReached.wait() }

    /// Lets all handlers go.
    func open() { isOpen.fire() }
}

/// Fires once.
final class Signal: Sendable {
    private let state = Box<(hasFired: Bool, waiting: [CheckedContinuation<Void, Never>])>((false, []))

    func fire() {
        let waiting = state.update { state in
            state.hasFired = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let hasFired = state.update { state in
                if !state.hasFired { state.waiting.append(continuation) }
                return state.hasFired
            }
            if hasFired { continuation.resume() }
        }
    }
}
