/// The channel for declarations and questions.
final class ControlChannel: DriverChannel {
    /// Sends all methods without waiting in between; the first refusal ends the declaration.
    func declare(
        _ topology: AMQPTopology, first: Bool = false, deadline: ContinuousClock.Instant,
        completion: @escaping (Result<ControlAnswer, AMQPError>) -> Void
    ) {
        let methods =
            topology.exchanges.map(OutboundMethod.exchangeDeclare) + topology.queues.map(OutboundMethod.queueDeclare)
            + topology.bindings.map { $0.destinationIsExchange ? .exchangeBind($0) : .queueBind($0) }
        guard !methods.isEmpty else { return completion(.success(.done)) }
        let operation = Operation(methods: methods.count, deadline: deadline, completion: completion)
        if first { enqueueFirst(methods, operation) } else { enqueue(methods, operation) }
    }

    override func handle(_ method: InboundMethod) throws(AMQPError) {
        throw AMQPError(.protocol, "\(method) on the channel for requests")
    }

    override func handle(_ message: DeliveryAssembler.Message) throws(AMQPError) {
        throw AMQPError(.protocol, "a message that was not asked for")
    }

    override func didClose(_ error: AMQPError, culprit: ChannelRequest?) {
        // A refused request is an ordinary answer; the next one need not wait.
        if culprit != nil { madeProgress() }
    }

    override var isSettled: Bool { requests.isEmpty }

    override func finish(_ error: AMQPError) { drainRequests(error) }
}
