import Contracts
import Sagas
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A state for definitions that are only checked.
private protocol Empty: Saga where StartedBy == TripPlanned {
    init()
}
extension Empty {
    init(startedBy event: TripPlanned) { self.init() }
}

private struct NoSteps: Empty {
    static var steps: some SagaSteps<NoSteps> {}
}

private struct Hopeless: Empty {
    static let name = "Not a name"

    static var steps: some SagaSteps<Hopeless> {
        Step("a/b") { _ in BookSeat(trip: "") }
        Step("twice") { _ in BookSeat(trip: "") }
            .succeeds(on: SeatBooked.self).fails(on: SeatBooked.self)
        Step("twice") { _ in BookSeat(trip: "") }
            .succeeds(on: SeatBooked.self)
            .compensate { _ in ReturnSeat(trip: "") }
        Step("timeout") { _ in BookSeat(trip: "") }
            .succeeds(on: SeatBooked.self).timeout(.seconds(1))
        Step("instantly") { _ in BookSeat(trip: "") }
            .succeeds(on: SeatBooked.self).timeout(.zero)
        Step("nothing to answer") { _ in BookSeat(trip: "") }
            .succeeds(on: SeatBooked.self).compensated(on: SeatReturned.self)
        Step("starts") { _ in BookSeat(trip: "") }
            .succeeds(on: TripPlanned.self)
        Undo("too late") { _ in ReturnSeat(trip: "") }.compensated(on: SeatReturned.self)
    }
}

private struct Conditional: Empty {
    static var steps: some SagaSteps<Conditional> {
        for name in ["first", "second"] {
            Step(name) { _ in BookSeat(trip: "") }.succeeds(on: SeatBooked.self)
        }
        if name.isEmpty {
            Step("never") { _ in BookSeat(trip: "") }.succeeds(on: SeatBooked.self)
        } else {
            Step("always") { _ in BookSeat(trip: "") }.succeeds(on: SeatBooked.self)
        }
    }
}

@Suite struct DefinitionTests {
    @Test func readsADefinition() throws {
        let definition = try SagaDefinition(TripSaga.self)
        #expect(definition.name == "trip")
        #expect(definition.plan.steps.map(\.name) == ["cancel trip", "book seat", "book room", "book trip"])
        #expect(definition.plan.steps.map(\.hasForward) == [false, true, true, true])
        #expect(definition.plan.steps.map(\.hasCompensation) == [true, true, true, false])
        #expect(definition.plan.steps[2].timeout == .seconds(60))
        #expect(definition.plan.resend == .standard)
        #expect(definition.answer(to: 1, .forward, type: "seat.booked")?.outcome == .succeeded)
        #expect(definition.answer(to: 1, .forward, type: "seat.refused")?.outcome == .failed)
        #expect(definition.answer(to: 1, .compensate, type: "seat.returned")?.outcome == .compensated)
        #expect(definition.answer(to: 1, .compensate, type: "seat.booked") == nil)
        #expect(definition.answer(to: 9, .forward, type: "seat.booked") == nil)
        #expect(definition.answerTypes.count == 8)
    }

    @Test func readsConditionsAndLoops() throws {
        #expect(try SagaDefinition(Conditional.self).plan.steps.map(\.name) == ["first", "second", "always"])
        #expect(Conditional.name == "conditional")
    }

    @Test func saysEverythingThatIsWrong() {
        #expect {
            try SagaDefinition(Hopeless.self)
        } throws: { error in
            guard let error = error as? SagaError, error.code == .invalidDefinition else { return false }
            let expected = [
                "set `static var name`", "a second step is called \"twice\"", "\"a/b\" needs a name",
                "\"a/b\" would wait for ever", "\"twice\" names the event seat.booked twice",
                "\"twice\" would be compensated for ever", "\"timeout\" has a timeout but no compensation",
                "\"instantly\" has a timeout of", "\"nothing to answer\" has .compensated(on:) but nothing to answer",
                "\"starts\" is answered by trip.planned", "\"too late\" comes after the last command",
                "DefinitionTests.swift:",
            ]
            for text in expected where !error.message.contains(text) {
                Issue.record("missing: \(text) in \(error.message)")
            }
            return error.message.split(separator: "\n").count == expected.count
        }
        #expect {
            try SagaDefinition(NoSteps.self)
        } throws: { ($0 as? SagaError)?.message.contains("no step that sends a command") == true }
    }

    @Test func idsFollowFromTheStart() {
        let event = UUID.v7()
        let id = SagaIdentity.instance(of: "trip", startedBy: event)
        #expect(id == SagaIdentity.instance(of: "trip", startedBy: event))
        #expect(id != SagaIdentity.instance(of: "other", startedBy: event))
        var ids: Set<UUID> = [id]
        var count = 1
        for step in 0..<255 {
            ids.insert(SagaIdentity.command(id, step: step, .forward))
            ids.insert(SagaIdentity.timer(id, .forward(step: step)))
            for number in 0..<4 {
                ids.insert(SagaIdentity.command(id, step: step, .compensate, round: number))
                ids.insert(SagaIdentity.timer(id, .compensation(step: step, attempt: number)))
            }
            count += 10
        }
        #expect(ids.count == count)
    }

    @Test func namesInstancesByTheSequenceOfSteps() {
        let a = SagaPlan(steps: [.init(name: "a"), .init(name: "b")])
        #expect(a.fingerprint == SagaPlan(steps: a.steps, resend: SagaResendPolicy(attempts: 1)).fingerprint)
        #expect(a.fingerprint != SagaPlan(steps: a.steps.reversed()).fingerprint)
        #expect(a.fingerprint != SagaPlan(steps: [.init(name: "a"), .init(name: "b", hasForward: false)]).fingerprint)
        #expect(a.fingerprint.count == 16)
    }
}
