import Contracts

/// One thing to run in a lane: a message or a timer.
struct LaneItem: Sendable {
    struct Step: Sendable {
        let name: String
        let body: @Sendable (MessageContext) async throws -> Void
    }

    let envelope: Envelope
    /// The bytes that were delivered; empty for a timer.
    var delivered: [UInt8] = []
    let cause: MessageCause
    let attempt: Int
    /// The handlers, in order. Never empty.
    let steps: [Step]
}

extension LaneItem {
    /// A message with its handlers; one that nobody handles fails for good when it is run.
    init(_ envelope: Envelope, delivered: [UInt8], exchange: String, attempt: Int, handlers: MessageHandlers) {
        var steps = handlers.routes(type: envelope.type, exchange: exchange).map { route in
            Step(name: route.name) { context in try await route.body(envelope, context) }
        }
        if steps.isEmpty {
            steps.append(
                Step(name: envelope.type) { _ in
                    throw Permanent(MessagingError(.noHandler, "nothing handles \(envelope.type)"))
                })
        }
        self.init(envelope: envelope, delivered: delivered, cause: MessageCause(envelope), attempt: attempt, steps: steps)
    }
}
