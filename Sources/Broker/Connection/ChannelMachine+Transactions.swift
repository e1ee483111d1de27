/// What a transacted channel has collected since `tx.select` or the last commit.
struct Transaction {
    enum Step {
        case publish(Destination, mandatory: Bool)
        case settle(ChannelMachine.Settlement, [UnsettledDelivery])
    }

    var steps: [Step] = []
    /// What the messages take.
    var bytes = 0
    var messageCount = 0
    var settlementCount = 0

    /// Takes out the deliveries that were settled but not committed.
    mutating func takeDeliveries() -> [UnsettledDelivery] {
        defer { self = Transaction() }
        var taken: [UnsettledDelivery] = []
        for case .settle(_, let deliveries) in steps { taken += deliveries }
        return taken
    }
}

/// Transactions: publishes and settlements take effect together at `tx.commit`.
extension ChannelMachine {
    func selectTransactions() throws(ProtocolFault) {
        guard confirms == nil else { throw ProtocolFault(.preconditionFailed, "cannot switch from confirm to tx mode") }
        if transaction == nil { transaction = Transaction() }
        send(TxSelectOK())
    }

    /// Where it goes is decided now, so that what is wrong with it is said of this publish, and the commit cannot stop half-way.
    func addToTransaction(_ message: Message, mandatory: Bool) throws(ProtocolFault) {
        transaction?.steps.append(.publish(try route(message), mandatory: mandatory))
        transaction?.messageCount += 1
        transaction?.bytes += message.memory
        let limit = broker.configuration.limits.transactionBytes
        if let bytes = transaction?.bytes, bytes > limit {
            throw ProtocolFault(.resourceError, "a transaction can hold \(limit) bytes at most")
        }
    }

    func addToTransaction(_ settlement: Settlement, _ deliveries: [UnsettledDelivery]) throws(ProtocolFault) {
        transaction?.steps.append(.settle(settlement, deliveries))
        transaction?.settlementCount += deliveries.count
    }

    func commit() throws(ProtocolFault) {
        guard let steps = transaction?.steps else { throw ProtocolFault(.preconditionFailed, "channel is not transactional") }
        var isComplete = true
        for case .publish(let destination, let mandatory) in steps {
            switch hand(over: destination, mandatory: mandatory, isLate: true) {
            case .routed, .unroutable: break
            case .rejected: isComplete = false
            }
        }
        releaseChannel()
        transaction = Transaction()
        for case .settle(let settlement, let deliveries) in steps { perform(settlement, deliveries) }
        guard isComplete else { throw ProtocolFault(.preconditionFailed, "partial tx completion") }
        guard let store = broker.store, store.appended > store.durable else { return send(TxCommitOK()) }
        store.requireCommit()
        // Answers keep their order: nothing more is read from the client until this one is given.
        connection.suspend(.commit)
        if let reason = broker.blockReason { connection.block(reason) }
        broker.whenDurable(store.appended) { [self] in committed() }
    }

    /// The disk has all of the transaction.
    func committed() {
        guard !isClosing, connection.phase == .running else { return }
        send(TxCommitOK())
        connection.resume(.commit)
    }

    func rollback() throws(ProtocolFault) {
        guard var ended = transaction else { throw ProtocolFault(.preconditionFailed, "channel is not transactional") }
        unsettled.restore(ended.takeDeliveries())
        transaction = Transaction()
        send(TxRollbackOK())
    }
}
