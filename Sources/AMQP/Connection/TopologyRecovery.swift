import Logging

/// Declares on each new connection what was declared before.
///
/// One refusal does not keep the rest from being declared. What is refused, for example a binding to an exchange that is somebody else's
/// and not there yet, is tried again as long as the connection stands and it is still wanted.
final class TopologyRecovery {
    private unowned let driver: ConnectionDriver
    private let control: ControlChannel
    private var refused: Set<AMQPTopology> = []
    private var backoff: BackoffState
    /// When what was refused is tried again.
    private(set) var wakeTime: ContinuousClock.Instant?
    /// Whether everything was tried once on this connection.
    private(set) var isDone = false
    /// Counts connections: what was asked of an earlier one may be answered, or given up, much later.
    private var round = 0

    init(_ driver: ConnectionDriver, _ control: ControlChannel) {
        self.driver = driver
        self.control = control
        backoff = BackoffState(driver.configuration.reconnect)
    }

    /// There is a new connection. `done` comes when everything was tried once.
    func start(done: @escaping () -> Void) {
        end()
        backoff.reset()
        // Each goes in front of those before it.
        declare(parts.reversed(), first: true) { [unowned self] in
            isDone = true
            done()
        }
    }

    /// The connection is lost, or closed for good.
    func end() {
        round += 1
        isDone = false
        refused = []
        wakeTime = nil
    }

    /// Tries again what was refused, if it is time.
    func checkTime() {
        guard let time = wakeTime, time <= driver.now else { return }
        wakeTime = nil
        let again = parts.filter(refused.contains)
        refused = []
        declare(again, first: false) {}
    }

    /// Declares a queue with its bindings; `done` comes even if that fails.
    func recover(queue name: String, done: @escaping () -> Void) {
        let all = driver.pump.topology.current
        let part = AMQPTopology(
            queues: all.queues.filter { $0.name == name },
            bindings: all.bindings.filter { !$0.destinationIsExchange && $0.destination == name })
        guard !part.queues.isEmpty else { return done() }
        control.declare(part, deadline: driver.now + driver.configuration.operationTimeout) { [unowned self] result in
            if case .failure(let error) = result {
                driver.logger.error("cannot declare the queue again", metadata: ["queue": "\(name)", "error": "\(error)"])
            }
            done()
        }
        driver.needsWrite()
    }

    /// What this connection may declare, one by one.
    private var parts: [AMQPTopology] {
        let all = driver.pump.topology.current
        let topology = driver.pump.role == .consuming ? all : all.shared
        return topology.exchanges.map { AMQPTopology(exchanges: [$0]) } + topology.queues.map { AMQPTopology(queues: [$0]) }
            + topology.bindings.map { AMQPTopology(bindings: [$0]) }
    }

    private func declare(_ parts: [AMQPTopology], first: Bool, done: @escaping () -> Void) {
        guard !parts.isEmpty else { return done() }
        var missing = parts.count
        let round = round
        for part in parts {
            control.declare(part, first: first, deadline: driver.now + driver.configuration.operationTimeout) { [unowned self] result in
                guard round == self.round else { return }
                note(result, of: part, isFirst: first)
                missing -= 1
                guard missing == 0 else { return }
                if !refused.isEmpty { wakeTime = driver.now + backoff.next() }
                done()
            }
        }
    }

    private func note(_ result: Result<ControlAnswer, AMQPError>, of part: AMQPTopology, isFirst: Bool) {
        switch result {
        case .success where isFirst: break
        case .success: driver.logger.info("declared at last what was refused after the reconnect", metadata: ["what": "\(part)"])
        case .failure(let error):
            refused.insert(part)
            driver.logger.log(
                level: isFirst ? .error : .debug, "cannot declare again after the reconnect; trying again later",
                metadata: ["what": "\(part)", "error": "\(error)"])
        }
    }
}
