import Contracts
import Messaging
import Postgres
import Testing

@Suite(.timeLimit(.minutes(4)))
struct FenceTests {
    /// Fails when a forward step is not asked about its fence (BatchRunner.plan), or a compensation puts none up
    /// (BatchRunner.leave): then the late step runs.
    @Test func aStepThatArrivesAfterItsCompensationIsRefused() async throws {
        try await Rig.with { rig in
            try await rig.running(rig.recording()) { messaging in
                func step(_ value: Int, _ name: String, _ direction: String) -> Envelope {
                    rig.message(value, key: "o", extensions: ["sagastep": "checkout/1/\(name)", "sagadirection": direction])
                }
                await rig.publish([step(1, "reserve", "compensate")])
                try await rig.eventually { try await rig.count("seen") == 1 }
                await rig.publish([step(2, "reserve", "forward"), step(3, "pay", "forward"), step(4, "reserve", "compensate")])
                try await rig.eventually { try await rig.count("seen") == 3 }
                #expect(try await rig.seen() == ["o": [1, 3, 4]])
                // The counters follow the commit.
                try await rig.eventually { messaging.snapshot().fenced == 1 }
                #expect(try await rig.count("inbox") == 4)
            }
        }
    }

    /// The same, when the step was parked and its turn comes again. Fails when ParkedRetrier does not ask.
    @Test func aParkedStepIsRefusedToo() async throws {
        try await Rig.with { rig in
            let isBroken = Box(true)
            let handlers = rig.recording { envelope, _ in
                if envelope.value == 1, isBroken.value { throw TestFailure() }
            }
            try await rig.running(handlers) { _ in
                await rig.publish([
                    rig.message(1, key: "a", extensions: ["sagastep": "s/1/x", "sagadirection": "forward"])
                ])
                try await rig.eventually { try await rig.count("parked") == 1 }
                // The compensation has another key here, so that it is not parked behind.
                await rig.publish([
                    rig.message(2, key: "b", extensions: ["sagastep": "s/1/x", "sagadirection": "compensate"])
                ])
                try await rig.eventually { try await rig.count("fences") == 1 }
                isBroken.update { $0 = false }
                try await rig.eventually { try await rig.count("parked") == 0 }
                #expect(try await rig.seen() == ["b": [2]])
            }
        }
    }

    /// A step and its compensation that have different keys do not run side by side: one of them is in its handler when the other comes.
    /// Fails when ParkedRetrier or BatchRunner does not lock the step (`plan`, and `handleEagerly` for the eager ones), and when
    /// BatchRunner locks after the look for fences.
    @Test(arguments: ["forward", "compensate"], [false, true])
    func aStepAndItsCompensationTakeTurns(_ direction: String, _ isEager: Bool) async throws {
        try await Rig.with { rig in
            let (gate, isBroken) = (Gate(), Box(true))
            defer { gate.open() }
            var handlers = rig.recording { envelope, _ in
                if isBroken.value { throw TestFailure() }
                await gate.pass()
            }
            handlers.on(rawType: "thing.undone", topic: rig.topic, eagerly: isEager) { Rig.record($0, $1) }
            try await rig.running(handlers) { messaging in
                await rig.publish([step(rig, 1, "a", "thing.done", direction)])
                try await rig.eventually { try await rig.count("parked") == 1 }
                isBroken.update { $0 = false }
                await gate.reached()
                await rig.publish([step(rig, 2, "b", "thing.undone", direction == "forward" ? "compensate" : "forward")])
                // It waits, or has not.
                try await rig.eventually { try await rig.number(waiting) + rig.count("seen") == 1 }
                gate.open()
                try await rig.eventually { try await rig.count("parked") == 0 }
                try await rig.eventually { try await rig.count("inbox") == 2 }
                let order = try await rig.postgres.execute("SELECT value FROM seen ORDER BY n").map { try $0.decode(Int32.self, at: 0) }
                #expect(order == (direction == "forward" ? [1, 2] : [1]))
                try await rig.eventually { messaging.snapshot().fenced == (direction == "forward" ? 0 : 1) }
            }
        }
    }

    /// The same, when the step is run from parking while its compensation is in its handler. Fails when ParkedRetrier locks after the
    /// look for fences.
    @Test func aParkedStepWaitsForItsCompensation() async throws {
        try await Rig.with { rig in
            let (gate, isBroken) = (Gate(), Box(true))
            defer { gate.open() }
            var handlers = rig.recording { _, _ in if isBroken.value { throw TestFailure() } }
            handlers.on(rawType: "thing.undone", topic: rig.topic) { envelope, context in
                await gate.pass()
                Rig.record(envelope, context)
            }
            try await rig.running(handlers) { messaging in
                await rig.publish([step(rig, 1, "a", "thing.done", "forward")])
                try await rig.eventually { try await rig.count("parked") == 1 }
                await rig.publish([step(rig, 2, "b", "thing.undone", "compensate")])
                await gate.reached()
                isBroken.update { $0 = false }
                try await rig.eventually { try await rig.number(waiting) + rig.count("seen") == 1 }
                gate.open()
                try await rig.eventually { try await rig.count("parked") == 0 }
                #expect(try await rig.seen() == ["b": [2]])
            }
        }
    }

    private func step(_ rig: Rig, _ value: Int, _ key: String, _ type: String, _ direction: String) -> Envelope {
        rig.message(value, key: key, type: type, extensions: ["sagastep": "s/1/x", "sagadirection": direction])
    }

    private let waiting: SQL = """
        SELECT count(*) FROM pg_locks
        WHERE locktype = 'advisory' AND NOT granted AND classid = hashtext('millrace.fence.' || current_schema())::oid
        """
}
