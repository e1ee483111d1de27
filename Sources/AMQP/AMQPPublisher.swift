import Synchronization

/// Publishes with confirms.
///
/// Safe to use from many tasks at once; the messages of one call go out in order.
public final class AMQPPublisher: Sendable {
    private let id: UInt64
    private let pump: ConnectionPump
    private let nextRequest = Atomic<UInt64>(0)

    init(id: UInt64, pump: ConnectionPump) {
        self.id = id
        self.pump = pump
    }

    deinit { pump.enqueue(.removePublisher(id: id, OneShot())) }

    /// Publishes messages and waits until the fate of each is known.
    ///
    /// While the broker refuses messages (``ConnectionState/blocked(reason:)``) it waits. Without a connection it waits
    /// for ``AMQPConfiguration/operationTimeout`` and then fails. When the connection is lost, what is in flight and
    /// the rest of the batch fail: the caller decides about sending again, and the order of a batch is kept that way.
    ///
    /// If the broker closes the channel because of one message, for example since its exchange does not exist, that
    /// message fails with the broker's code. The others are sent again; some may arrive twice then.
    ///
    /// If the task is cancelled, messages that have not been sent fail with ``AMQPError/Code/cancelled``; those in
    /// flight are still waited for.
    /// - Returns: one outcome per message, in the order of the messages.
    public func publish(_ batch: [OutgoingMessage]) async -> [PublishOutcome] {
        guard !batch.isEmpty else { return [] }
        let request = PublishRequest(
            id: nextRequest.wrappingAdd(1, ordering: .relaxed).newValue, messages: batch,
            deadline: ContinuousClock.now + pump.configuration.operationTimeout, reply: OneShot())
        guard pump.enqueue(.publish(publisher: id, request)) else {
            return Array(repeating: .failed(AMQPError(.connectionClosed, "the client was closed")), count: batch.count)
        }
        return await withTaskCancellationHandler {
            await request.reply.wait()
        } onCancel: {
            pump.enqueue(.cancelPublish(publisher: id, request: request.id))
        }
    }

    /// Publishes one message.
    public func publish(_ message: OutgoingMessage) async -> PublishOutcome {
        await publish([message]).first ?? .failed(AMQPError(.usage, "no outcome"))
    }

    /// Fails what has not been sent, lets what is in flight settle and closes the channel, within two seconds.
    public func close() async {
        let done = OneShot<Void>()
        guard pump.enqueue(.removePublisher(id: id, done)) else { return }
        await done.wait(atMost: .seconds(2), otherwise: ())
    }
}
