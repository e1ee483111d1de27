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
        let pending = submit(batch)
        return await withTaskCancellationHandler {
            await pending.outcomes
        } onCancel: {
            pending.cancel()
        }
    }

    /// Puts messages behind those that were given before and returns at once, so that a stream of batches keeps the
    /// window full without a task for each. The caller bounds how many batches it has under way.
    ///
    /// What ``publish(_:)-([OutgoingMessage])`` says about lost connections and refused messages holds here too.
    public func submit(_ batch: [OutgoingMessage]) -> PendingPublish {
        let request = PublishRequest(
            id: nextRequest.wrappingAdd(1, ordering: .relaxed).newValue, messages: batch,
            deadline: ContinuousClock.now + pump.configuration.operationTimeout, reply: OneShot())
        if batch.isEmpty {
            request.reply.resolve([])
        } else if !pump.enqueue(.publish(publisher: id, request)) {
            let error = AMQPError.clientClosed()
            request.reply.resolve(Array(repeating: .failed(error), count: batch.count))
        }
        return PendingPublish(request: request, publisher: id, pump: pump)
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

/// Messages that were given to a publisher.
public struct PendingPublish: Sendable {
    let request: PublishRequest
    let publisher: UInt64
    let pump: ConnectionPump

    /// One outcome per message, in order, when all are settled.
    public var outcomes: [PublishOutcome] {
        get async { await request.reply.wait() }
    }

    /// Fails those that have not been sent with ``AMQPError/Code/cancelled``; those in flight still settle.
    public func cancel() { pump.enqueue(.cancelPublish(publisher: publisher, request: request.id)) }
}
