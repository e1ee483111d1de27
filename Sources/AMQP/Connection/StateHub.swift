import Locking

/// What the connections of a client report, as one state for whoever watches.
final class StateHub: Sendable {
    private struct Contents {
        var states: [ConnectionPump.Role: ConnectionState] = [:]
        var closed = false
        var watchers: [UInt64: AsyncStream<ConnectionState>.Continuation] = [:]
        var nextWatcher: UInt64 = 0

        /// The worst of all.
        var combined: ConnectionState {
            if closed { return .closed }
            if states.isEmpty { return .connecting }
            let all = ConnectionPump.Role.allCases.compactMap { states[$0] }
            if let state = all.first(where: { if case .disconnected = $0 { true } else { false } }) { return state }
            if let state = all.first(where: { if case .connecting = $0 { true } else { false } }) { return state }
            if let state = all.first(where: { if case .blocked = $0 { true } else { false } }) { return state }
            return all.first ?? .connecting
        }
    }

    private let contents = Locked(Contents())

    func set(_ role: ConnectionPump.Role, _ state: ConnectionState) {
        contents.withLock { contents in
            if case .closed = state { contents.states[role] = nil } else { contents.states[role] = state }
            if !contents.closed { for watcher in contents.watchers.values { watcher.yield(contents.combined) } }
        }
    }

    func close() {
        let watchers = contents.withLock { contents in
            contents.closed = true
            defer { contents.watchers.removeAll() }
            return Array(contents.watchers.values)
        }
        for watcher in watchers {
            watcher.yield(.closed)
            watcher.finish()
        }
    }

    var current: ConnectionState { contents.withLock { $0.combined } }

    /// Begins with the current state. Whoever reads slowly misses states in between, never the last one.
    func stream() -> AsyncStream<ConnectionState> {
        let (stream, continuation) = AsyncStream.makeStream(of: ConnectionState.self, bufferingPolicy: .bufferingNewest(16))
        let number = contents.withLock { contents -> UInt64? in
            continuation.yield(contents.combined)
            guard !contents.closed else { return nil }
            contents.nextWatcher += 1
            contents.watchers[contents.nextWatcher] = continuation
            return contents.nextWatcher
        }
        guard let number else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in
            _ = self?.contents.withLock { $0.watchers.removeValue(forKey: number) }
        }
        return stream
    }
}

/// What was declared and has to be declared again after a reconnect.
final class TopologyMemory: Sendable {
    private let topology = Locked(AMQPTopology())

    var current: AMQPTopology { topology.withLock { $0 } }
    func merge(_ other: AMQPTopology) { topology.withLock { $0.merge(other) } }
    func forget(queue: String) { topology.withLock { $0.forget(queue: queue) } }
    func forget(exchange: String) { topology.withLock { $0.forget(exchange: exchange) } }
}
