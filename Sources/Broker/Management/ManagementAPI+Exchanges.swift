#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
import Contracts
import NIOCore

extension ManagementAPI {
    /// In URLs and permissions the default exchange, which has no name, goes by this one.
    static let defaultExchange = "amq.default"

    private static func exchangeName(_ name: String) -> String { name == defaultExchange ? "" : name }

    func json(_ exchange: Exchange) -> JSONValue {
        let definition = exchange.definition
        let own = exchangeJSON(definition, host: exchange.host.name)
        var statistics = JSONObject()
        MessageRates.add("publish_in", exchange.published, rates.exchanges.rate(ObjectIdentifier(exchange), 0), to: &statistics)
        return own.merging([
            "user_who_performed_action": exchange.name.isEmpty || exchange.name.hasPrefix("amq.") ? "rmq-internal" : "",
            "message_stats": .object(statistics),
        ])
    }

    func exchangeJSON(_ definition: ExchangeDefinition, host: String) -> JSONValue {
        [
            "name": .string(definition.name), "vhost": .string(host), "type": .string(definition.type), "durable": .bool(definition.durable),
            "auto_delete": .bool(definition.autoDelete), "internal": .bool(definition.isInternal), "arguments": definition.arguments.json,
        ]
    }

    func exchanges(_ request: ManagementRequest, in hosts: [VirtualHost]) throws -> ManagementOutcome {
        let all = hosts.flatMap { $0.exchanges.values.sorted { $0.name < $1.name } }
        return try Listing(request).reply(all, name: \.name, build: json)
    }

    func exchange(_ request: ManagementRequest) throws -> Exchange {
        try host(request).exchange(Self.exchangeName(request["exchange"]))
    }

    func putExchange(_ request: ManagementRequest) throws -> ManagementOutcome {
        let host = try openHost(request)
        let definition = try Self.exchangeDefinition(try request.object(), name: request["exchange"], depth: limits.fieldTableDepth)
        try access.check(request.user.name, .configure, .exchange, definition.name, host: host.name)
        let isNew = host.exchanges[definition.name] == nil
        if isNew, let alternate = definition.arguments["alternate-exchange"]?.text {
            try access.check(request.user.name, .read, .exchange, definition.name, host: host.name)
            try access.check(request.user.name, .write, .exchange, alternate, host: host.name)
        }
        try host.declareExchange(definition)
        return whenDurable(.put(isNew: isNew))
    }

    static func exchangeDefinition(_ body: JSONObject, name: String, depth: Int) throws -> ExchangeDefinition {
        try ExchangeDefinition(
            name: shortString(name, "the name of an exchange"), type: body["type"]?.stringValue ?? "direct",
            durable: bool("durable", of: body, default: true), autoDelete: bool("auto_delete", of: body, default: false),
            isInternal: bool("internal", of: body, default: false), arguments: FieldTable.read("arguments", of: body, depth: depth))
    }

    /// Names and routing keys have at most 255 bytes on the wire.
    static func shortString(_ text: String, _ what: String) throws -> String {
        guard text.utf8.count <= 255 else { throw ManagementFailure.badRequest("\(what) has at most 255 bytes") }
        return text
    }

    static func bool(_ name: String, of body: JSONObject, default value: Bool) throws -> Bool {
        switch body[name] {
        case nil, .null: return value
        case .bool(let value): return value
        case .string("true"): return true
        case .string("false"): return false
        default: throw ManagementFailure.badRequest("\(name) must be true or false")
        }
    }

    func deleteExchange(_ request: ManagementRequest) throws -> ManagementOutcome {
        let host = try openHost(request)
        let name = Self.exchangeName(request["exchange"])
        _ = try host.exchange(name)
        try access.check(request.user.name, .configure, .exchange, name, host: host.name)
        try host.deleteExchange(name, ifUnused: request.flag("if-unused"))
        return whenDurable(.noContent)
    }

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
        switch try host.publish(message, mandatory: true) {
        case .routed: return whenDurable(.json(["routed": true]))
        case .unroutable: return .json(["routed": false])
        case .rejected: throw ManagementFailure.badRequest("a queue is at its limit and refused the message")
        }
    }
}
