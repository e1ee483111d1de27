import Contracts
import Messaging
import Postgres
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite(.timeLimit(.minutes(4)))
struct TimerTests {
    /// Handlers that record what fires.
    private func handlers(
        _ fired: Box<[FiredTimer]>, _ body: @escaping @Sendable (FiredTimer, MessageContext) async throws -> Void = { _, _ in }
    ) -> MessageHandlers {
        var handlers = MessageHandlers()
        handlers.onTimer("remind") { timer, context in
            try await body(timer, context)
            context.afterCommit { fired.update { $0.append(timer) } }
        }
        return handlers
    }

    @Test func aTimerFiresOnceAndNotBeforeItsTime() async throws {
        try await Rig.with { rig in
            let fired = Box<[FiredTimer]>([])
            try await rig.running(handlers(fired), { $0.timerPoll = .seconds(60) }) { messaging in
                let (id, correlation) = (UUID(), UUID())
                let start = ContinuousClock.now
                // Only the wake-up after the commit can make it fire: the poll is a minute.
                try await messaging.transact(correlationID: correlation) { context in
                    context.schedule("remind", id: id, key: "k", after: .milliseconds(150), payload: [1, 2, 3])
                }
                try await rig.eventually { fired.value.count == 1 }
                #expect(ContinuousClock.now - start >= .milliseconds(145))
                let timer = fired.value[0]
                #expect(timer.id == id && timer.key == "k" && timer.payload == [1, 2, 3] && timer.attempt == 1)
                #expect(timer.correlationID == correlation)
                #expect(try await rig.count("timers") == 0)
            }
        }
    }

    /// Fails when a timer leaves although its transaction rolled back, or fires although it was cancelled.
    @Test func cancelledAndRolledBackTimersDoNotFire() async throws {
        try await Rig.with { rig in
            let fired = Box<[FiredTimer]>([])
            try await rig.running(handlers(fired)) { messaging in
                // Long enough for what is done to them before they are due, on a busy machine too.
                let ids = (0..<6).map { _ in UUID() }
                try await messaging.transact { context in
                    for id in ids[0..<3] { context.schedule("remind", id: id, key: "k", after: .seconds(5)) }
                    // Set and cancelled in one go, and the other way round.
                    context.schedule("remind", id: ids[3], key: "k", after: .zero)
                    context.cancelTimer(ids[3])
                    context.cancelTimer(ids[4])
                    context.schedule("remind", id: ids[4], key: "k", after: .zero)
                }
                try await messaging.transact { $0.cancelTimer(ids[1]) }
                // Set anew: fires once, with the second payload.
                try await messaging.transact { $0.schedule("remind", id: ids[2], key: "k", after: .seconds(7), payload: [9]) }
                _ = try? await messaging.transact { context in
                    context.schedule("remind", id: ids[5], key: "k", after: .zero)
                    throw TestFailure()
                }
                try await rig.eventually { fired.value.count >= 3 }
                try await rig.eventually { try await rig.count("timers") == 0 }
                #expect(fired.value.map(\.id) == [ids[4], ids[0], ids[2]])
                #expect(fired.value.last?.payload == [9])
            }
        }
    }

    /// Two timers are claimed together; the first fails there, so both are run alone, and the run of the first changes something about
    /// the second. Then `body` is called with the keys that have fired: the first, and one that was set when the runner was past both.
    private func whileItIsClaimed(
        _ change: @escaping @Sendable (Rig, UUID) async throws -> Void, _ body: (Rig, [String]) async throws -> Void
    ) async throws {
        try await Rig.with { rig in
            let fired = Box<[FiredTimer]>([])
            let runs = Box(0)
            let second = UUID()
            let handlers = handlers(fired) { timer, _ in
                guard timer.key == "first" else { return }
                let run = runs.update { runs in
                    runs += 1
                    return runs
                }
                if run == 1 { throw TestFailure() }
                try await change(rig, second)
            }
            try await rig.messaging(handlers).transact { context in
                context.schedule("remind", id: UUID(), key: "first", after: .zero)
                context.schedule("remind", id: second, key: "second", after: .milliseconds(20))
            }
            try await rig.eventually {
                try await rig.number("SELECT count(*) FROM timers WHERE due_at <= clock_timestamp()") == 2
            }
            try await rig.running(handlers) { messaging in
                try await rig.eventually { messaging.snapshot().timersFired == 1 }
                // One more, set after: when it has fired the runner is past the second.
                try await messaging.transact { $0.schedule("remind", id: UUID(), key: "third", after: .zero) }
                try await rig.eventually { fired.value.contains { $0.key == "third" } }
                try await body(rig, fired.value.map(\.key))
            }
        }
    }

    /// Fails when a run does not take its timer in its own transaction (TimerRunner.fire ignoring what TimerStatements.take returns).
    @Test func aTimerThatIsCancelledAfterItWasClaimedDoesNotFire() async throws {
        try await whileItIsClaimed { rig, second in
            try await rig.postgres.execute("DELETE FROM timers WHERE id = \(second)")
        } _: { _, fired in
            #expect(fired == ["first", "third"])
        }
    }

    /// Fails when a timer is taken whoever has claimed it (TimerStatements.take).
    @Test func aTimerThatIsSetAnewAfterItWasClaimedDoesNotFire() async throws {
        try await whileItIsClaimed { rig, second in
            try await rig.messaging(MessageHandlers()).transact {
                $0.schedule("remind", id: second, key: "second", after: .seconds(3_600))
            }
        } _: { rig, fired in
            #expect(fired == ["first", "third"])
            let left = try await rig.number("SELECT count(*) FROM timers WHERE partition_key = 'second'")
            #expect(left == 1)
        }
    }

    /// Fails when two processes fire one timer: a claim without SKIP LOCKED and lease, or a run without taking it.
    @Test func twoProcessesFireEachTimerOnce() async throws {
        try await Rig.with { rig in
            let fired = Box<[FiredTimer]>([])
            try await rig.elsewhere { other in
                try await rig.running(handlers(fired), { $0.timerBatch = 7 }) { messaging in
                    try await other.running(handlers(fired), { $0.timerBatch = 5 }) { _ in
                        let ids = (0..<200).map { _ in UUID() }
                        for part in 0..<10 {
                            try await messaging.transact { context in
                                for id in ids[part * 20..<part * 20 + 20] {
                                    context.schedule("remind", id: id, key: "k", after: .milliseconds(part * 20))
                                }
                            }
                        }
                        try await rig.eventually { fired.value.count >= 200 }
                        try await rig.eventually { try await rig.count("timers") == 0 }
                        #expect(fired.value.count == 200)
                        #expect(Set(fired.value.map(\.id)) == Set(ids))
                    }
                }
            }
        }
    }

    /// What a timer's handler does is in its transaction; failures are counted, retried with delays, and parked at last.
    @Test func aTimerThatFailsIsRetriedAndThenParked() async throws {
        try await Rig.with { rig in
            let fired = Box<[FiredTimer]>([])
            let runs = Box<[String: Int]>([:])
            let isMended = Box(false)
            let handlers = handlers(fired) { timer, context in
                let run = runs.update { runs in
                    runs[timer.key, default: 0] += 1
                    return runs[timer.key] ?? 0
                }
                try context.publish(rig.message(1, key: timer.key), to: rig.topic)
                if timer.key == "heals", run < 3 { throw TestFailure() }
                if timer.key == "breaks", !isMended.value { throw TestFailure() }
            }
            try await Tap.with(rig) { tap in
                try await rig.running(
                    handlers,
                    {
                        $0.retry = RetryPolicy(
                            immediate: 0, attempts: 4, backoff: Backoff(initial: .milliseconds(5), maximum: .milliseconds(10)))
                        $0.timerPoll = .milliseconds(20)
                    }
                ) { messaging in
                    let broken = UUID()
                    try await messaging.transact { context in
                        context.schedule("remind", id: UUID(), key: "heals", after: .zero)
                        context.schedule("remind", id: broken, key: "breaks", after: .zero, payload: [7])
                        context.schedule("nobody", id: UUID(), key: "unknown", after: .zero)
                    }
                    try await rig.eventually { try await rig.count("parked") == 2 }
                    try await rig.eventually { fired.value.count == 1 }
                    #expect(fired.value[0].key == "heals" && fired.value[0].attempt >= 2)
                    #expect(runs.value["breaks"].map { $0 >= 4 } == true)
                    let store = FailureStore(postgres: rig.postgres)
                    #expect(try await store.show(broken)?.exchange == "timers")
                    // Set anew, it takes the place of the parked one. Fails when that one stays (ParkedStatements.replacingTimer).
                    try await messaging.transact { $0.schedule("remind", id: broken, key: "breaks", after: .zero, payload: [8]) }
                    try await rig.eventually { try await store.show(broken)?.body == [8] }
                    // An operator lets it run again.
                    isMended.update { $0 = true }
                    #expect(try await store.retry(matching: .one(broken)) == 1)
                    try await rig.eventually { fired.value.count == 2 }
                    #expect(fired.value[1].id == broken && fired.value[1].key == "breaks" && fired.value[1].payload == [8])
                    try await rig.eventually { tap.envelopes.count == 2 }
                    #expect(Set(tap.envelopes.map(\.partitionKey)) == ["heals", "breaks"])
                }
            }
        }
    }
}
