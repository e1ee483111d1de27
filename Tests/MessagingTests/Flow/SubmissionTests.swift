import Contracts
import Messaging
import Postgres
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

private struct Asked: Event {
    static let type = "thing.asked"
    static let topic = "topic.submissions"
    var partitionKey: String { "k" }
    let number: Int
}

@Suite(.timeLimit(.minutes(4)))
struct SubmissionTests {
    @Test func submissionsShareACommit() async throws {
        try await Rig.with { rig in
            try await rig.running(MessageHandlers()) { messaging in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 0..<300 {
                        group.addTask {
                            var submission = Submission()
                            submission.execute("INSERT INTO seen (id, value, attempt) VALUES (\(UUID()), \(Int32(number)), 1)")
                            submission.publish(Asked(number: number))
                            try await messaging.submit(submission)
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(try await rig.count("seen") == 300)
                #expect(try await rig.number("SELECT last FROM outbox_sequence") == 300)
                let counters = messaging.snapshot()
                #expect(counters.submissions == 300)
                #expect(counters.submissionBatches < 300)
            }
        }
    }

    /// Fails when a batch that failed is not repeated one by one (Submitter.commit): then all fail with the bad one.
    @Test func oneBadSubmissionFailsAlone() async throws {
        try await Rig.with { rig in
            try await rig.running(MessageHandlers()) { messaging in
                let results = await withTaskGroup(of: (Int, Bool).self) { group in
                    for number in 0..<60 {
                        group.addTask {
                            var submission = Submission()
                            submission.execute("INSERT INTO seen (id, value, attempt) VALUES (\(UUID()), \(Int32(number)), 1)")
                            if number % 7 == 0 { submission.execute("INSERT INTO seen (id) VALUES (\(UUID()))") }
                            submission.publish(Asked(number: number))
                            do {
                                try await messaging.submit(submission)
                                return (number, true)
                            } catch {
                                return (number, false)
                            }
                        }
                    }
                    return await group.reduce(into: [Int: Bool]()) { $0[$1.0] = $1.1 }
                }
                for (number, isAccepted) in results { #expect(isAccepted == (number % 7 != 0), "\(number)") }
                let good = results.values.count { $0 }
                let (rows, last) = (try await rig.count("seen"), try await rig.number("SELECT last FROM outbox_sequence"))
                #expect(rows == good && last == good)
            }
        }
    }

    @Test func aMessageThatCannotBeEncodedFailsItsSubmission() async throws {
        struct Keyless: Command {
            static let type = "thing.do"
            var partitionKey: String { "" }
        }
        try await Rig.with { rig in
            try await rig.running(MessageHandlers()) { messaging in
                var submission = Submission()
                submission.send(Keyless())
                await #expect(throws: ContractError.self) { try await messaging.submit(submission) }
            }
        }
    }

    @Test func afterTheDrainSubmissionsAreRefused() async throws {
        try await Rig.with { rig in
            let messaging = rig.messaging(MessageHandlers())
            try await rig.run(messaging) { _ in }
            #expect(messaging.state.phase == .stopped)
            await #expect(throws: MessagingError.self) { try await messaging.submit(Submission()) }
        }
    }
}
