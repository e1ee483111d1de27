import AMQP
import Contracts
import Journal
import Locking
import Logging
import Messaging
import Postgres
import ServiceLifecycle

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A worker that kills itself with SIGKILL at a chosen place, for `FaultTests`.
///
/// Environment: `DATABASE_URL` (with its search path), `AMQP_URL`, `FAULT` = `none`, or `PLACE:N` where PLACE is
/// `before-handlers`, `after-commit` or `after-confirm` and N counts how often the place is passed; `RECORDS`, if it is to record a
/// topic in a journal instead of counting.
@main
struct FaultWorker {
    static func main() async throws {
        var logger = Logger(label: "fault-worker")
        logger.logLevel = .warning
        let postgres = try PostgresClient(
            configuration: PostgresConfiguration(url: variable("DATABASE_URL")), logger: logger)
        let amqp = try AMQPClient(configuration: AMQPConfiguration(url: variable("AMQP_URL")), logger: logger)
        var configuration = MessagingConfiguration(worker: variable("WORKER"))
        configuration.queueType = .classic
        configuration.batchSize = 20
        configuration.prefetch = 60
        configuration.relayBatch = 20
        apply(variable("FAULT"), to: &configuration.faults)
        let messaging = Messaging(
            configuration: configuration, handlers: handlers(), postgres: postgres, amqp: amqp, logger: logger)
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: postgres), .init(service: amqp), .init(service: messaging)],
                gracefulShutdownSignals: [.sigterm], logger: logger))
        try await group.run()
    }

    /// Counts each message once in a row of state, and publishes one event for it.
    static func handlers() -> MessageHandlers {
        var handlers = MessageHandlers()
        let recorded = variable("RECORDS")
        if !recorded.isEmpty {
            handlers.record(topic: recorded)
            return handlers
        }
        handlers.on(Count.self) { command, context in
            context.db.enqueue(
                "INSERT INTO counted (number, times) VALUES (\(command.number), 1) ON CONFLICT (number) DO UPDATE SET times = counted.times + 1"
            )
            try context.publish(Counted(number: command.number))
        }
        return handlers
    }

    static func apply(_ fault: String, to faults: inout FaultPoints) {
        let parts = fault.split(separator: ":")
        guard parts.count == 2, let limit = Int(parts[1]) else { return }
        let die = killer(after: limit)
        switch parts[0] {
        case "before-handlers": faults.beforeHandlers = die
        case "after-commit": faults.afterCommit = die
        case "after-confirm": faults.afterConfirm = die
        default: break
        }
    }

    static func killer(after limit: Int) -> @Sendable () -> Void {
        let passed = PassCounter()
        return { if passed.next() == limit { kill(getpid(), SIGKILL) } }
    }

    static func variable(_ name: String) -> String { getenv(name).map { String(cString: $0) } ?? "" }
}

/// Counts how often a place was passed.
final class PassCounter: Sendable {
    private let count = Locked(0)

    func next() -> Int {
        count.withLock {
            $0 += 1
            return $0
        }
    }
}

struct Count: Command {
    static let type = "fault.count"
    var number: Int
    var partitionKey: String { String(number % 7) }
}

struct Counted: Event {
    static let type = "fault.counted"
    static let topic = "fault.events"
    var number: Int
    var partitionKey: String { String(number % 7) }
}
