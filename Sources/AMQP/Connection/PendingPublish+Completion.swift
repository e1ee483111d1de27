extension PendingPublish {
    /// Calls `action` with the outcomes on the connection's thread, which it must not block; here, if they are known already.
    package func whenSettled(_ action: @escaping @Sendable ([PublishOutcome]) -> Void) { request.reply.whenResolved(action) }
}
