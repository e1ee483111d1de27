import Contracts
import NIOCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension ManagementAPI {
    /// Publishes one message and answers whether a queue took it, once it is as safe as a confirm makes it.
    func publish(_ request: ManagementRequest) throws -> ManagementOutcome {
        let host = try openHost(request)
        let name = Self.exchangeName(request["exchange"])
        try access.check(request.user.name, .write, .exchange, name, host: host.name)
        let body = try request.object()
        guard let payload = body["payload"]?.stringValue, let routingKey = body["routing_key"]?.stringValue else {
            throw ManagementFailure.badRequest("a message needs routing_key and payload")
        }
        let bytes: [UInt8]
        switch body["payload_encoding"]?.stringValue ?? "string" {
        case "string": bytes = Array(payload.utf8)
        case "base64":
            guard let data = Data(base64Encoded: payload) else { throw ManagementFailure.badRequest("the payload is no Base64") }
            bytes = Array(data)
        default: throw ManagementFailure.badRequest("payload_encoding must be string or base64")
        }
        guard bytes.count <= limits.messageBytes else { throw ManagementFailure.tooLarge }
        if let reason = core.blockReason {
            throw ManagementFailure(status: .serviceUnavailable, error: "blocked", reason: "publishers are blocked: \(reason.text)")
        }
        let properties = try BasicProperties(json: body["properties"], user: request.user, depth: limits.fieldTableDepth)
        let message = Message(
            exchange: name, routingKey: try Self.shortString(routingKey, "a routing key"), properties: properties.encoded(),
            body: ByteBuffer(bytes: bytes), attributes: MessageAttributes(properties))
        switch try host.publish(message) {
        case .routed: return whenDurable(.json(["routed": true]))
        case .unroutable: return .json(["routed": false])
        case .rejected: throw ManagementFailure.badRequest("a queue is at its limit and refused the message")
        }
    }

    /// What happens to messages that were looked at.
    private enum GetMode: String {
        case ackRequeue = "ack_requeue_true"
        case ack = "ack_requeue_false"
        case rejectRequeue = "reject_requeue_true"
        case reject = "reject_requeue_false"
    }

    /// Takes messages from a queue, shows them, and gives them back unless the request says otherwise.
    func getMessages(_ request: ManagementRequest) throws -> ManagementOutcome {
        let host = try openHost(request)
        let queue = try host.queue(request["queue"], requester: Self.requester)
        try access.check(request.user.name, .read, .queue, queue.name, host: host.name)
        try queue.checkGet()
        let body = try request.object()
        guard let count = Self.number(body["count"] ?? 1), count > 0 else {
            throw ManagementFailure.badRequest("count must be a positive number")
        }
        let mode = try Self.mode(body)
        let encoding = body["encoding"]?.stringValue ?? "auto"
        guard encoding == "auto" || encoding == "base64" else { throw ManagementFailure.badRequest("encoding must be auto or base64") }
        let cut = try body["truncate"].map { value throws -> Int in
            guard let cut = Self.number(value), cut >= 0 else { throw ManagementFailure.badRequest("truncate must be a number of bytes") }
            return cut
        }

        var entries: [QueueEntry] = []
        var shown: [JSONValue] = []
        var room = limits.managementBodyBytes
        while shown.count < count, room > 0, let (entry, message, remaining) = queue.get() {
            entries.append(entry)
            shown.append(Self.json(entry, message, remaining: remaining, encoding: encoding, cut: cut))
            room -= min(message.body.readableBytes, cut ?? .max)
        }
        switch mode {
        case .ackRequeue, .rejectRequeue: queue.requeue(entries)
        case .ack: for entry in entries { queue.acknowledge(entry) }
        case .reject: for entry in entries { queue.reject(entry, requeue: false) }
        }
        return whenDurable(.json(.array(shown)))
    }

    private static func number(_ value: JSONValue) -> Int? { value.intValue ?? value.stringValue.flatMap { Int($0) } }

    /// `ackmode`, or the older `requeue`.
    private static func mode(_ body: JSONObject) throws -> GetMode {
        if let text = body["ackmode"]?.stringValue {
            guard let mode = GetMode(rawValue: text) else { throw ManagementFailure.badRequest("ackmode '\(text)' is not known") }
            return mode
        }
        return try bool("requeue", of: body, default: true) ? .ackRequeue : .ack
    }

    private static func json(_ entry: QueueEntry, _ message: Message, remaining: Int, encoding: String, cut: Int?) -> JSONValue {
        let body = message.body.readableBytesView.prefix(cut ?? .max)
        let text = encoding == "auto" ? String(validating: body, as: UTF8.self) : nil
        let properties = (try? message.decodedProperties()) ?? BasicProperties()
        return [
            "payload_bytes": .int(message.body.readableBytes), "redelivered": .bool(entry.isRedelivered),
            "exchange": .string(message.exchange),
            "routing_key": .string(message.routingKey), "message_count": .int(remaining), "properties": properties.json,
            "payload": .string(text ?? Data(body).base64EncodedString()), "payload_encoding": text == nil ? "base64" : "string",
        ]
    }
}
