import AMQP
import Contracts
import Foundation
import Locking

/// Waits for a message that one of ours caused.
final class AnswerWatch: Sendable {
    private let reader: TopicReader
    private let patience: Duration
    private let expected = Locked<Set<UUID>>([])

    /// Starts to listen; call it before publishing.
    init(client: AMQPClient, patience: Duration) async throws {
        let catalog = try ContractFolder.load()
        reader = try await TopicReader(client: client, selection: TopicSelection(everythingIn: catalog), purpose: "answers")
        self.patience = patience
    }

    /// Names the messages whose effect is waited for.
    func expect(_ ids: [UUID]) { expected.withLock { $0.formUnion(ids) } }

    private func isExpected(_ cause: UUID) -> Bool { expected.withLock { $0.contains(cause) } }

    /// Prints the first message that was caused by one of them.
    /// - Throws: ``Failed`` if none comes in time.
    func print() async throws {
        let printer = EventPrinter(output: isatty(1) == 1 ? .table : .ndjson, filter: nil, showsTopic: true)
        let found = Once()
        let reading = Task {
            try await reader.forEach { delivery in
                guard let envelope = try? Envelope(decoding: delivery.body), let cause = envelope.causationID,
                    isExpected(cause)
                else { return true }
                _ = printer.print(delivery)
                found.set()
                return false
            }
        }
        let limit = Task { [patience] in
            try await Task.sleep(for: patience)
            reading.cancel()
        }
        defer { limit.cancel() }
        try await withTaskCancellationHandler {
            try await reading.value
        } onCancel: {
            reading.cancel()
        }
        guard found.isSet else { throw Failed("no message caused by it came within \(decimal(patience.seconds, 1)) s") }
    }
}
