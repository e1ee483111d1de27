import Contracts
import Messaging
import Testing

/// A missing upcaster is found when the worker starts.
@Suite(.timeLimit(.minutes(3)))
struct StartContractTests {
    private func violation(_ change: (inout MessageHandlers) -> Void) -> ContractViolation? {
        var handlers = MessageHandlers()
        change(&handlers)
        do {
            try handlers.verifyContracts()
            return nil
        } catch {
            return error
        }
    }

    /// Fails when ContractGate.verify does not look at the versions that the contract lists.
    @Test func aMissingUpcasterNamesTypeVersionAndWhatToRegister() {
        let error = violation { $0.on(Counted.self) { _, _ in } }
        #expect(error?.code == .missingUpcaster)
        #expect(error?.type == "thing.counted" && error?.version == 1 && error?.topic == "test.counted")
        #expect(error?.message.contains(#"upcast("thing.counted", from: 1)"#) == true, "\(String(describing: error))")
        #expect(error?.message.contains("topics/test.counted.yaml") == true)
    }

    @Test func anUpcasterToTheHandledVersionIsEnough() {
        #expect(
            violation {
                $0.on(Counted.self) { _, _ in }
                $0.upcast(CountedV1.self) { Counted(n: $0.old) }
            } == nil)
        #expect(
            violation {
                $0.on(Counted.self) { _, _ in }
                $0.upcast("thing.counted", from: 1) { _ in }
            } == nil)
        #expect(
            violation {
                $0.on(Counted.self) { _, _ in }
                $0.upcast(Upcasters().adding("thing.counted", from: 1))
            } == nil)
        // One that leads elsewhere is not.
        let elsewhere = Upcasters().adding("thing.counted", from: 1, to: "thing.counted", version: 7)
        #expect(
            violation {
                $0.on(Counted.self) { _, _ in }
                $0.upcast(elsewhere)
            }?.code == .missingUpcaster)
    }

    @Test func aHandlerThatTakesATypeByNameWorksWithTheNewestVersion() {
        let error = violation {
            $0.on(rawType: "thing.counted", topic: "x") { _, _ in }
            $0.knows(countedCatalog)
        }
        #expect(error?.code == .missingUpcaster && error?.version == 1)
        // Nothing is known of its contract, or nothing handles it: nothing to say.
        #expect(violation { $0.on(rawType: "thing.counted", topic: "x") { _, _ in } } == nil)
        #expect(
            violation {
                $0.onAll(topic: "x") { _, _ in }
                $0.knows(countedCatalog)
            } == nil)
        #expect(violation { $0.on(Told.self) { _, _ in } } == nil)
    }

    /// Fails when only older versions are looked at: the newest is what is published.
    @Test func aWorkerThatHandlesAnOldVersionAloneIsTold() {
        let error = violation { $0.on(CountedV1.self) { _, _ in } }
        #expect(error?.code == .missingUpcaster && error?.version == 2)
    }

    /// Fails when HandledVersions lets two versions be handled: each message would reach a handler of another version.
    @Test func handlersOfTwoVersionsOfOneTypeAreRefused() {
        let error = violation {
            $0.on(Counted.self) { _, _ in }
            $0.on(CountedV1.self) { _, _ in }
        }
        #expect(error?.code == .conflictingHandlers && error?.version == 1)
    }

    @Test func allMissingUpcastersAreNamedAtOnce() {
        let catalog = MessageCatalog(
            (1...3).map {
                MessageSchema(
                    .event, topic: "test.many", owner: "tests", type: "many", version: $0, isCurrent: $0 == 3, partitionKey: "k",
                    schema: "{}")
            })
        let error = violation {
            $0.on(rawType: "many", topic: "x") { _, _ in }
            $0.knows(catalog)
        }
        #expect(error?.description.contains("many version 1") == true && error?.description.contains("many version 2") == true)
    }

    /// Fails when Messaging.run does not begin with the check.
    @Test func messagingDoesNotRunWithoutIt() async throws {
        try await Rig.with { rig in
            var handlers = MessageHandlers()
            handlers.on(Counted.self) { _, _ in }
            let messaging = rig.messaging(handlers)
            await #expect(throws: ContractViolation.self) { try await messaging.run() }
            #expect(messaging.state.phase == .idle)
        }
    }
}
