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

/// The counts that earlier processes left in the database decide what this one runs.
@Suite(.timeLimit(.minutes(4)))
struct CrashCountTests {
    /// Puts messages into the worker's queue as the broker hands them out after a process has died.
    private func redelivered(_ rig: Rig, _ messages: [Envelope], _ handlers: MessageHandlers) async throws {
        try await rig.messaging(handlers).declareTopology()
        await rig.publish(messages)
        let consumer = rig.amqp.consumer(queue: "worker.\(rig.worker)")
        var taken = 0
        while taken < messages.count, let batch = try await consumer.nextBatch(max: 100) { taken += batch.count }
        await consumer.close()
    }

    /// Fails when the count is not looked at before the run (QueueConsumer.mayRun), or counts of messages that were
    /// handled stay (BatchRunner.leave).
    @Test(arguments: TestBroker.allCases) func aMessageThatKilledTheProcessTooOftenIsParkedUnseen(_ broker: TestBroker) async throws {
        try await Rig.with(broker) { rig in
            let ran = Box<[Int]>([])
            let handlers = rig.recording { envelope, _ in ran.update { $0.append(envelope.value) } }
            let messages = (0..<6).map { rig.message($0, key: "k\($0)") }
            try await redelivered(rig, messages, handlers)
            // The third has run alone twice when the process died, the fourth was only once in a batch.
            try await rig.postgres.execute(
                "INSERT INTO delivery_attempts (message_id, count) VALUES (\(messages[2].id), 2), (\(messages[3].id), 1)")
            try await rig.running(handlers) { _ in
                try await rig.eventually { try await rig.count("seen") == 5 }
                try await rig.eventually { try await rig.count("parked") == 1 }
                #expect(ran.value.sorted() == [0, 1, 3, 4, 5])
                let failure = try await FailureStore(postgres: rig.postgres).list().first
                #expect(failure?.id == messages[2].id)
                #expect(failure?.status == .failed && failure?.errorType == "MessagingError.crashed")
                try await rig.eventually { try await rig.count("delivery_attempts") == 0 }
            }
        }
    }

    /// The same for one that kills the process while it is retried from parking. Fails when a claim is not counted.
    @Test func aParkedMessageThatKillsTheProcessIsGivenToAnOperator() async throws {
        try await Rig.with { rig in
            let ran = Box(0)
            let handlers = rig.recording { _, _ in ran.update { $0 += 1 } }
            for (value, crashes) in [(0, 3), (1, 2)] {
                try await park(rig.message(value, key: "k\(value)"), crashes: crashes, rig)
            }
            try await rig.running(handlers) { _ in
                try await rig.eventually { try await rig.number("SELECT count(*) FROM parked WHERE status = 'failed'") == 1 }
                try await rig.eventually { try await rig.seen() == ["k1": [1]] }
                #expect(ran.value == 1)
                #expect(try await rig.count("parked") == 1)
            }
        }
    }

    /// Whose connection is lost while it counts, after the server has counted, has killed nobody. Fails when counts whose answer was
    /// lost are not taken back (CrashLedger.owed).
    @Test func countsWhoseAnswerWasLostAreNobodysDeath() async throws {
        try await behindProxy { rig, worker, proxy in
            let messages = (0..<3).map { rig.message($0, key: "k\($0)") }
            try await redelivered(rig, messages, rig.recording())
            // One was running when a process died.
            try await rig.postgres.execute("INSERT INTO delivery_attempts (message_id, count) VALUES (\(messages[1].id), 1)")
            proxy.loseAnswers(to: ["INSERT INTO delivery_attempts ("] + Array(repeating: "INSERT INTO delivery_attempts AS d", count: 5))
            try await worker.running(
                rig.recording(),
                {
                    $0.breaker = .init(backoff: Backoff(initial: .milliseconds(1), maximum: .milliseconds(5)))
                }
            ) { _ in
                try await rig.eventually { try await rig.count("seen") == 3 }
                #expect(proxy.answersToLose == 0)
                #expect(try await rig.count("parked") == 0)
                try await rig.eventually { try await rig.count("delivery_attempts") == 0 }
            }
        }
    }

    /// What others have counted stays: only a process's own counts are taken back, and once each. Fails when `counted_by` is not looked
    /// at (InboxStatements.takeBackCounts; lost is the answer to a count which there was already), and when it is not reset there
    /// (lost is that to the taking back, too).
    @Test(arguments: [
        (["INSERT INTO delivery_attempts ("], 2), (["INSERT INTO delivery_attempts AS d", "UPDATE delivery_attempts SET"], 1),
    ])
    func onlyOwnCountsAreTakenBack(_ lost: [String], _ count: Int) async throws {
        try await behindProxy { rig, worker, proxy in
            let message = rig.message(0, key: "k")
            try await redelivered(rig, [message], rig.recording())
            try await rig.postgres.execute(
                "INSERT INTO delivery_attempts (message_id, count) VALUES (\(message.id), \(Int32(count)))")
            proxy.loseAnswers(to: lost)
            try await worker.running(
                rig.recording(),
                {
                    $0.maxCrashes = count + 1
                    $0.breaker = .init(backoff: Backoff(initial: .milliseconds(1), maximum: .milliseconds(5)))
                }
            ) { _ in
                try await rig.eventually { try await rig.count("parked") == 1 }
                #expect(proxy.answersToLose == 0)
                #expect(try await rig.count("seen") == 0)
            }
        }
    }

    /// A breaker that tries again counts once. Fails when a count does not look at whose the last one is (InboxStatements.count).
    @Test func whoTriesAgainCountsOnce() async throws {
        try await behindProxy { rig, worker, proxy in
            let message = rig.message(0, key: "k")
            try await redelivered(rig, [message], rig.recording())
            try await rig.postgres.execute("INSERT INTO delivery_attempts (message_id, count) VALUES (\(message.id), 1)")
            proxy.loseAnswers(to: ["INSERT INTO delivery_attempts AS d"])
            try await worker.running(rig.recording(), { $0.breaker = .init(threshold: 2) }) { _ in
                try await rig.eventually { try await rig.count("seen") == 1 }
                #expect(proxy.answersToLose == 0)
            }
        }
    }

    /// The same for the claim of a parked message. Fails when the retrier does not take back what it has counted (ParkedRetrier.run): the
    /// lease is longer than this waits.
    @Test func aClaimWhoseAnswerWasLostIsNobodysDeath() async throws {
        try await behindProxy { rig, worker, proxy in
            try await park(rig.message(1, key: "k"), crashes: 0, rig)
            proxy.loseAnswers(to: Array(repeating: "UPDATE parked p SET crashes", count: 5))
            try await worker.running(rig.recording(), { $0.parkedPoll = .milliseconds(20) }) { _ in
                try await rig.eventually { proxy.answersToLose == 0 }
                try await rig.eventually(within: .seconds(8)) { try await rig.seen() == ["k": [1]] }
            }
        }
    }

    /// A process that ends when its database goes away leaves no count behind, but those of others. Fails in the same way.
    @Test func aMessageThatWasClaimedAndNotRunIsNotCounted() async throws {
        try await behindProxy { rig, worker, proxy in
            try await park(rig.message(1, key: "k"), crashes: 2, rig)
            proxy.loseAnswers(to: Array(repeating: "SELECT 1 FROM parked WHERE position", count: 1_000))
            try await worker.running(rig.recording(), { $0.parkedPoll = .milliseconds(20) }) { _ in
                try await rig.eventually { proxy.answersToLose < 995 }
            }
            #expect(try await rig.number("SELECT count(*) FROM parked WHERE crashes = 2 AND counted_by IS NULL") == 1)
        }
    }

    /// The same for timers. Fails when the runner does not take back what it has counted (TimerRunner.run), and when a claim is an
    /// attempt.
    @Test func aTimerWhoseClaimWasLostHasKilledNobody() async throws {
        try await behindProxy { rig, worker, proxy in
            let fired = Box<[Int]>([])
            let handlers = reminding { timer in fired.update { $0.append(timer.attempt) } }
            try await rig.messaging(handlers).transact { $0.schedule("remind", id: UUID(), key: "k", after: .zero) }
            proxy.loseAnswers(to: Array(repeating: "UPDATE timers t SET crashes", count: 12))
            try await worker.running(handlers, { $0.timerPoll = .milliseconds(20) }) { _ in
                try await rig.eventually { !fired.value.isEmpty }
                #expect(proxy.answersToLose == 0)
            }
            // What was not run is no attempt.
            #expect(fired.value == [1])
            #expect(try await rig.count("parked") == 0)
        }
    }

    @Test func aTimerThatWasClaimedAndNotRunIsNotCounted() async throws {
        try await behindProxy { rig, worker, proxy in
            let handlers = reminding { _ in }
            try await rig.messaging(handlers).transact { $0.schedule("remind", id: UUID(), key: "k", after: .zero) }
            proxy.loseAnswers(to: Array(repeating: "DELETE FROM timers t", count: 1_000))
            try await worker.running(handlers, { $0.timerPoll = .milliseconds(20) }) { _ in
                try await rig.eventually { proxy.answersToLose < 995 }
            }
            #expect(try await rig.number("SELECT count(*) FROM timers WHERE crashes = 0 AND counted_by IS NULL") == 1)
        }
    }

    /// Three timers were claimed together when the process died. While the first runs again the others are not counted: they will not
    /// be held responsible if it kills once more. Fails when a claim counts suspects.
    @Test func timersThatWaitBehindASuspectAreNotCounted() async throws {
        try await Rig.with { rig in
            let (isRunning, mayGoOn, fired) = (Box(false), Box(false), Box(0))
            let handlers = reminding { timer in
                if timer.key == "k0" {
                    isRunning.update { $0 = true }
                    try await rig.eventually { mayGoOn.value }
                }
                fired.update { $0 += 1 }
            }
            try await rig.messaging(handlers).transact { context in
                for number in 0..<3 { context.schedule("remind", id: UUID(), key: "k\(number)", after: .milliseconds(number)) }
            }
            try await rig.postgres.execute("UPDATE timers SET crashes = 1, counted_by = \(UUID())")
            try await rig.running(handlers) { _ in
                try await rig.eventually { isRunning.value }
                #expect(try await rig.number("SELECT count(*) FROM timers WHERE crashes = 2 AND partition_key = 'k0'") == 1)
                #expect(try await rig.number("SELECT count(*) FROM timers WHERE crashes = 1") == 2)
                mayGoOn.update { $0 = true }
                try await rig.eventually { fired.value == 3 }
            }
        }
    }

    /// Fails when suspects run side by side (MessagingCore.suspects): all of them would be counted when one of them kills.
    @Test func suspectsRunOneAfterTheOther() async throws {
        try await Rig.with { rig in
            let (running, most, runs) = (Box(0), Box(0), Box(0))
            @Sendable func run() async throws {
                let now = running.update { running in
                    running += 1
                    return running
                }
                most.update { $0 = max($0, now) }
                // Long enough for the others to begin, if they may.
                try await Task.sleep(for: .milliseconds(200))
                running.update { $0 -= 1 }
                runs.update { $0 += 1 }
            }
            var handlers = rig.recording { _, _ in try await run() }
            handlers.onTimer("remind") { _, _ in try await run() }
            let message = rig.message(0, key: "queue")
            try await redelivered(rig, [message], handlers)
            try await rig.postgres.execute("INSERT INTO delivery_attempts (message_id, count) VALUES (\(message.id), 1)")
            for number in 1...2 { try await park(rig.message(number, key: "parked\(number)"), crashes: 1, rig) }
            try await rig.messaging(handlers).transact { $0.schedule("remind", id: UUID(), key: "timer", after: .zero) }
            try await rig.postgres.execute("UPDATE timers SET crashes = 1")
            try await rig.running(handlers) { _ in
                try await rig.eventually { runs.value == 4 }
                #expect(most.value == 1)
            }
        }
    }

    /// A suspect that waits until its lease is over, and is run by another process meanwhile, is not counted by the one that has waited.
    /// Fails when a count does not look at what the claim has seen (ParkedStatements.count).
    @Test func aSuspectWhoseLeaseIsOverIsCountedByOneProcess() async throws {
        try await Rig.with { rig in
            let (first, second) = (Gate(), Gate())
            defer {
                first.open()
                second.open()
            }
            let here = rig.recording { envelope, _ in if envelope.value == 0 { await first.pass() } }
            let there = rig.recording { envelope, _ in if envelope.value == 1 { await second.pass() } }
            try await rig.running(here, { $0.parkedConcurrency = 3 }) { _ in
                // One runs, and the others are claimed and wait for their turn.
                for value in 0..<3 {
                    try await park(rig.message(value, key: "k\(value)"), crashes: 1, rig)
                    try await rig.eventually { try await rig.number("SELECT count(*) FROM parked WHERE next_attempt_at <= now()") == 0 }
                }
                await first.reached()
                try await rig.elsewhere { other in
                    try await other.running(there, { $0.parkedConcurrency = 1 }) { _ in
                        try await rig.postgres.execute("UPDATE parked SET next_attempt_at = now() WHERE partition_key = 'k1'")
                        await second.reached()
                        first.open()
                        // Its turn comes after that of the one in question.
                        try await rig.eventually { try await rig.seen()["k2"] != nil }
                        #expect(try await rig.number("SELECT crashes::bigint FROM parked WHERE partition_key = 'k1'") == 2)
                        second.open()
                        try await rig.eventually { try await rig.count("parked") == 0 }
                        #expect(try await rig.seen() == ["k0": [0], "k1": [1], "k2": [2]])
                    }
                }
            }
        }
    }

    /// Fails when the count of a timer is not looked at before its run (TimerRunner.mayRun).
    @Test func aTimerThatKilledTheProcessTooOftenIsGivenToAnOperator() async throws {
        try await Rig.with { rig in
            let fired = Box<[String]>([])
            let handlers = reminding { timer in fired.update { $0.append(timer.key) } }
            try await rig.messaging(handlers).transact { context in
                for key in ["kills", "may"] { context.schedule("remind", id: UUID(), key: key, after: .zero) }
            }
            try await rig.postgres.execute("UPDATE timers SET crashes = CASE partition_key WHEN 'kills' THEN 3 ELSE 2 END")
            try await rig.running(handlers) { _ in
                try await rig.eventually { try await rig.count("timers") == 0 }
                #expect(fired.value == ["may"])
                let failure = try await FailureStore(postgres: rig.postgres).list().first
                #expect(failure?.status == .failed && failure?.errorType == "MessagingError.crashed")
            }
        }
    }

    /// Gives `body` a rig, and a second process whose database is reached through a proxy.
    private func behindProxy(_ body: (_ rig: Rig, _ worker: Rig, Proxy) async throws -> Void) async throws {
        try await Rig.with { rig in
            let proxy = try Proxy(to: try rig.databasePort)
            defer { proxy.close() }
            try await rig.elsewhere(postgresPort: proxy.port) { worker in try await body(rig, worker, proxy) }
        }
    }

    private func reminding(_ body: @escaping @Sendable (FiredTimer) async throws -> Void) -> MessageHandlers {
        var handlers = MessageHandlers()
        handlers.onTimer("remind") { timer, _ in try await body(timer) }
        return handlers
    }

    /// Parks a message that is due.
    private func park(_ message: Envelope, crashes: Int, _ rig: Rig) async throws {
        try await rig.postgres.execute(
            """
            INSERT INTO parked (message_id, partition_key, exchange, routing_key, type, body, status, crashes, next_attempt_at)
            VALUES (\(message.id), \(message.partitionKey ?? ""), \(rig.topic), 'thing.done', 'thing.done',
                    \(message.encoded()), 'retrying', \(Int32(crashes)), now())
            """)
    }
}
