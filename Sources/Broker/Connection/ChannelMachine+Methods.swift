/// Which method does what.
extension ChannelMachine {
    func handleMethod(_ number: UInt32, _ fields: UnsafeRawBufferPointer) throws(ProtocolFault) {
        guard let method = MethodID(rawValue: number) else {
            throw ProtocolFault(.commandInvalid, "unknown method \(number & 0xFFFF) of class \(number >> 16)")
        }
        failedMethod = method
        var reader = WireReader(fields, tableDepth: broker.configuration.limits.fieldTableDepth)
        switch method {
        case .basicReject: try reject(BasicReject(from: &reader))
        case .basicNack: try negativeAcknowledge(BasicNack(from: &reader))
        case .basicGet: try get(BasicGet(from: &reader))
        case .basicConsume: try consume(BasicConsume(from: &reader))
        case .basicCancel: try cancel(BasicCancel(from: &reader))
        case .basicCancelOK: break
        case .basicQos: try qualityOfService(BasicQos(from: &reader))
        case .basicRecover: try recover(requeue: BasicRecover(from: &reader).requeue, answer: true)
        case .basicRecoverAsync: try recover(requeue: BasicRecoverAsync(from: &reader).requeue, answer: false)
        case .queueDeclare: try declareQueue(QueueDeclare(from: &reader))
        case .queueBind: try bindQueue(QueueBind(from: &reader))
        case .queueUnbind: try unbindQueue(QueueUnbind(from: &reader))
        case .queuePurge: try purgeQueue(QueuePurge(from: &reader))
        case .queueDelete: try deleteQueue(QueueDelete(from: &reader))
        case .exchangeDeclare: try declareExchange(ExchangeDeclare(from: &reader))
        case .exchangeDelete: try deleteExchange(ExchangeDelete(from: &reader))
        case .exchangeBind: try bindExchange(ExchangeBind(from: &reader))
        case .exchangeUnbind: try unbindExchange(ExchangeUnbind(from: &reader))
        case .confirmSelect: try selectConfirms(ConfirmSelect(from: &reader))
        case .txSelect: try selectTransactions()
        case .txCommit: try commit()
        case .txRollback: try rollback()
        case .channelFlow: try flow(ChannelFlow(from: &reader))
        case .channelFlowOK, .channelCloseOK: break
        case .channelOpen: throw ProtocolFault(.channelError, "second 'channel.open' seen")
        case .channelClose: closeOnRequest()
        case .accessRequest: send(AccessRequestOK())
        default: throw refusal(of: method)
        }
    }

    private func refusal(of method: MethodID) -> ProtocolFault {
        method.classID == MethodID.connectionStart.classID
            ? ProtocolFault(.commandInvalid, "methods of class connection belong on channel 0")
            : ProtocolFault(.commandInvalid, "unimplemented method")
    }

    private func closeOnRequest() {
        leaveQueues()
        send(ChannelCloseOK())
        connection.forget(self)
    }

    /// Clients expect RabbitMQ's refusal; prefetch limits are the way to hold deliveries back.
    private func flow(_ request: ChannelFlow) throws(ProtocolFault) {
        guard request.active else { throw ProtocolFault(.notImplemented, "active=false") }
        send(ChannelFlowOK(active: true))
    }
}
