import Messaging
import Observability

/// Runs a handler so that all its log lines name the message.
func withLogScope<R>(_ context: MessageContext, _ body: () async throws -> R) async rethrows -> R {
    let envelope = context.envelope
    let scope = LogScope(
        correlation: envelope.correlationID ?? envelope.id, traceparent: envelope.traceparent, messageID: envelope.id,
        messageType: envelope.type)
    return try await LogScope.withScope(scope, body)
}
