import Contracts
import NIOCore

extension ManagementAPI {
    /// Whether a queue can be declared, a message published to it and read from it.
    func alivenessTest(_ request: ManagementRequest) throws -> ManagementOutcome {
        let host = try openHost(request)
        let name = "aliveness-test"
        for operation in [AccessOperation.configure, .write, .read] {
            try access.check(request.user.name, operation, .queue, name, host: host.name)
        }
        let queue = try host.declareQueue(QueueDeclaration(name: name), requester: Self.requester)
        let message = Message(
            exchange: "", routingKey: name, properties: BasicProperties().encoded(), body: ByteBuffer(string: "test_message"),
            attributes: MessageAttributes())
        _ = try host.publish(message)
        guard let (entry, _, _) = queue.get() else {
            throw ManagementFailure(status: .internalServerError, error: "failed", reason: "the test message was not there")
        }
        queue.acknowledge(entry)
        broker.scheduleTurn()
        return .json(["status": "ok"])
    }

    /// RabbitMQ's old check of everything.
    func healthCheck() -> ManagementOutcome {
        core.blockReason.map { .json(["status": "failed", "reason": .string("resource alarm(s) in effect: \($0.text)")]) }
            ?? .json(["status": "ok"])
    }

    func alarmCheck() -> ManagementOutcome {
        core.blockReason.map { failed(.string("There are alarms in effect: \($0.text)")) } ?? .json(["status": "ok"])
    }

    func portCheck(_ request: ManagementRequest) throws -> ManagementOutcome {
        guard let port = Int(request["port"]) else { throw ManagementFailure.badRequest("the port is no number") }
        if listeners.contains(where: { $0.port == port }) { return .json(["status": "ok", "port": .int(port)]) }
        return failed("No active listener", ["missing": .int(port), "ports": .array(listeners.map { .int($0.port) })])
    }

    func protocolCheck(_ request: ManagementRequest) throws -> ManagementOutcome {
        let aliases = [
            "amqp091": "amqp", "amqp0.9.1": "amqp", "amqp0-9-1": "amqp", "amqps": "amqp/ssl", "management": "http", "https": "http",
        ]
        let name = request["protocol"].lowercased()
        if listeners.contains(where: { $0.protocolName == aliases[name] ?? name }) {
            return .json(["status": "ok", "protocol": .string(name)])
        }
        return failed("No active listener", ["missing": .string(name), "protocols": .array(listeners.map { .string($0.protocolName) })])
    }

    private func failed(_ reason: JSONValue, _ details: JSONValue = [:]) -> ManagementOutcome {
        let body: JSONValue = ["status": "failed", "reason": reason]
        return .now(.json(body.merging(details), status: .serviceUnavailable))
    }
}
