/// Publishers that must wait.
extension ConnectionMachine {
    /// Called for each publish: while the broker is short of something, the connection is not read any further.
    func published() {
        if let reason = broker.blockReason {
            suspend(.blocked)
            tellBlocked(reason)
        }
        if broker.isBacklogged { suspend(.backlog) }
    }

    /// There is a shortage. Whoever waits for the disk is told, as no answer comes until there is room; it is still read, since what
    /// it acknowledges may make that room.
    func block(_ reason: String) {
        if waitsForDisk { tellBlocked(reason) }
    }

    /// The shortage is over.
    func unblock() {
        if isToldBlocked, phase == .running { send(ConnectionUnblocked()) }
        isToldBlocked = false
        resume(.blocked)
    }

    private var waitsForDisk: Bool {
        !suspension.isDisjoint(with: [.commit, .backlog]) || channels.values.contains { $0.isAwaitingConfirms }
    }

    private func tellBlocked(_ reason: String) {
        guard !isToldBlocked, capabilities.connectionBlocked else { return }
        isToldBlocked = true
        send(ConnectionBlocked(reason: reason))
    }
}
