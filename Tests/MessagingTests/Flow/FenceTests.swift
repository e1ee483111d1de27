import Contracts
import Messaging
import Testing

@Suite(.timeLimit(.minutes(2)))
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
                #expect(messaging.snapshot().fenced == 1)
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
}
