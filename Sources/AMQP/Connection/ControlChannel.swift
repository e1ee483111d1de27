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
        if let flaw = methods.lazy.compactMap(\.flaw).first { return operation.finish(.failure(AMQPError(.usage, flaw))) }
        let requests = methods.map { method in
            if case .exchangeDeclare(let exchange) = method, exchange.onlyIfMissing {
                lookup(exchange, deadline: deadline, then: operation)
            } else {
                ChannelRequest(method, operation)
            }
        }
        if first { enqueueFirst(requests) } else { enqueue(requests) }
    }

    /// Asks for an exchange, and declares it if it is missing. A broker that misses it closes the channel and has ignored what came
    /// behind the question; so the declaration still comes before whatever needs the exchange.
    private func lookup(
        _ exchange: AMQPTopology.Exchange, deadline: ContinuousClock.Instant, then operation: Operation
    ) -> ChannelRequest {
        ChannelRequest(
            .exchangeDeclarePassive(exchange.name),
            Operation(deadline: deadline) { [unowned self] result in
                switch result {
                case .success: operation.succeed(.done)
                case .failure(let error) where error.replyCode == 404:
                    enqueueFirst([ChannelRequest(.exchangeDeclare(exchange), operation)])
                case .failure(let error): operation.finish(.failure(error))
                }
            })
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
