/// Publishers that must wait.
extension ConnectionMachine {
    /// Called for each publish: while the broker is short of something, the connection is not read any further.
    func published() {
        if let reason = broker.blockReason { block(reason) }
        if broker.isBacklogged { suspend(.backlog) }
    }

    private func block(_ reason: String) {
        guard !suspension.contains(.blocked) else { return }
        suspend(.blocked)
        if capabilities.connectionBlocked { send(ConnectionBlocked(reason: reason)) }
    }

    /// The shortage is over.
    func unblock() {
        guard suspension.contains(.blocked) else { return }
        if capabilities.connectionBlocked { send(ConnectionUnblocked()) }
        resume(.blocked)
    }
}
