import ContractFiles
import Contracts
import TopicsGenerator

/// The contracts as an AsyncAPI 3.0 document with AMQP bindings 0.3.0.
///
/// A channel is an exchange with a routing key: a topic exchange per topic, and the direct exchange `commands`. The
/// owner of a topic sends its events and receives its commands. The payload is the CloudEvents envelope around the data.
struct AsyncAPIDocument {
    let catalog: TopicCatalog
    let title: String
    let version: String

    /// The document.
    var json: JSONValue {
        [
            "asyncapi": "3.0.0",
            "info": [
                "title": .string(title), "version": .string(version),
                "description": "Events and commands of all topics. Messages are CloudEvents 1.0 in structured JSON.",
            ],
            "defaultContentType": .string(WellKnown.contentType),
            "channels": object(catalog.messages.map { ($0.type, channel($0)) }),
            "operations": object(catalog.messages.map { (operationName($0), operation($0)) }),
            "components": [
                "messages": object(catalog.messages.map { (TopicsGenerator.typeName(of: $0), message($0)) }),
                "schemas": object([("CloudEvent", Self.cloudEvent)] + catalog.topics.flatMap(schemas)),
            ],
        ]
    }

    private func object(_ members: [(String, JSONValue)]) -> JSONValue {
        var object = JSONObject()
        for (key, value) in members { object[key] = value }
        return .object(object)
    }

    // MARK: Channels and operations

    private func channel(_ message: MessageContract) -> JSONValue {
        let name = TopicsGenerator.typeName(of: message)
        return [
            "address": .string(message.type),
            "description": .string(message.description),
            "messages": object([(name, ["$ref": .string("#/components/messages/\(name)")])]),
            "bindings": [
                "amqp": [
                    "is": "routingKey",
                    "exchange": [
                        "name": .string(message.exchange), "type": message.kind == .event ? "topic" : "direct", "durable": true,
                        "autoDelete": false, "vhost": "/",
                    ],
                    "bindingVersion": "0.3.0",
                ]
            ],
            "tags": [["name": .string(message.topic)], ["name": .string(message.kind.rawValue)]],
        ]
    }

    private func operationName(_ message: MessageContract) -> String {
        (message.kind == .event ? "publish" : "handle") + TopicsGenerator.typeName(of: message)
    }

    private func operation(_ message: MessageContract) -> JSONValue {
        let owner = catalog[topic: message.topic]?.owner ?? ""
        let isEvent = message.kind == .event
        let reference = "#/channels/\(message.type)"
        return [
            "action": isEvent ? "send" : "receive",
            "channel": ["$ref": .string(reference)],
            "summary": .string(isEvent ? "\(owner) publishes \(message.type)." : "\(owner) carries out \(message.type)."),
            "messages": [["$ref": .string("\(reference)/messages/\(TopicsGenerator.typeName(of: message))")]],
            "bindings": [
                "amqp": isEvent
                    ? ["deliveryMode": 2, "mandatory": false, "bindingVersion": "0.3.0"] : ["ack": true, "bindingVersion": "0.3.0"]
            ],
        ]
    }

    // MARK: Messages

    private func message(_ message: MessageContract) -> JSONValue {
        var result: JSONValue = [
            "name": .string(message.type),
            "title": .string(TopicsGenerator.typeName(of: message)),
            "summary": .string(message.description),
            "contentType": .string(WellKnown.contentType),
            "correlationId": ["location": "$message.payload#/correlationid"],
            "payload": payload(message),
            "bindings": ["amqp": ["contentEncoding": "utf-8", "messageType": .string(message.type), "bindingVersion": "0.3.0"]],
            "examples": [["name": "example", "payload": example(message)]],
        ]
        if let reason = message.deprecation { result["description"] = .string("Deprecated: \(reason)") }
        return result
    }

    /// The envelope, with what is fixed for this message; every version of the data that is still in use.
    private func payload(_ message: MessageContract) -> JSONValue {
        let data = message.versions.map { JSONValue.object(reference(message, $0)) }
        return [
            "allOf": [
                ["$ref": "#/components/schemas/CloudEvent"],
                [
                    "type": "object",
                    "properties": [
                        "type": ["const": .string(message.type)],
                        "dataschema": [
                            "enum": .array(message.versions.map { .string(WellKnown.schemaIdentifier(message.type, version: $0.number)) })
                        ],
                        "data": data.count == 1 ? data[0] : ["anyOf": .array(data)],
                    ],
                ],
            ]
        ]
    }

    private func reference(_ message: MessageContract, _ version: ContractVersion) -> JSONObject {
        var object = JSONObject()
        object["$ref"] = .string("#/components/schemas/\(message.type).v\(version.number)")
        return object
    }

    private func example(_ message: MessageContract) -> JSONValue {
        let key = message.current.example[message.partitionKey].map { $0.stringValue ?? $0.description } ?? ""
        return [
            "specversion": "1.0", "id": "0198c7d0-5b7e-7c43-9f0e-2d1a4c6b8e10",
            "source": .string("/workers/\(catalog[topic: message.topic]?.owner ?? "")"), "type": .string(message.type),
            "subject": .string(key), "time": "2026-03-01T09:30:00.000000Z", "datacontenttype": "application/json",
            "dataschema": .string(WellKnown.schemaIdentifier(message.type, version: message.current.number)), "partitionkey": .string(key),
            "correlationid": "0198c7d0-5b7e-7c43-9f0e-2d1a4c6b8e0f", "data": message.current.example,
        ]
    }

    // MARK: Schemas

    /// The definitions of a topic and the data of its messages, with references that lead within the document.
    private func schemas(_ topic: TopicFile) -> [(String, JSONValue)] {
        let definitions = topic.definitions.map { ("\(topic.topic).\($0.name)", moved($0.schema, topic)) }
        let data = topic.messages.flatMap { message in
            message.versions.map { version -> (String, JSONValue) in
                var schema = version.schema
                schema["$defs"] = nil
                return ("\(message.type).v\(version.number)", moved(schema, topic))
            }
        }
        return definitions + data
    }

    private func moved(_ schema: JSONValue, _ topic: TopicFile) -> JSONValue {
        switch schema {
        case .array(let values): return .array(values.map { moved($0, topic) })
        case .object(let object):
            if let target = object["$ref"]?.stringValue, target.hasPrefix("#/$defs/") {
                let reference: JSONValue = ["$ref": .string("#/components/schemas/\(topic.topic).\(target.dropFirst("#/$defs/".count))")]
                var rest = object
                rest["$ref"] = nil
                // Readers of AsyncAPI may pass over what stands beside a reference.
                return rest.isEmpty ? reference : ["allOf": [reference, moved(.object(rest), topic)]]
            }
            return self.object(object.map { ($0.key, moved($0.value, topic)) })
        default: return schema
        }
    }

    private static let cloudEvent: JSONValue = {
        let text: JSONValue = ["type": "string", "minLength": 1]
        let uuid: JSONValue = ["type": "string", "format": "uuid"]
        return [
            "type": "object",
            "description": "CloudEvents 1.0, structured JSON.",
            "required": ["specversion", "id", "source", "type", "data"],
            "properties": [
                "specversion": ["const": "1.0"], "id": text, "source": ["type": "string", "format": "uri-reference", "minLength": 1],
                "type": text, "subject": text, "time": ["type": "string", "format": "date-time"],
                "datacontenttype": ["const": "application/json"], "dataschema": text,
                "partitionkey": text, "correlationid": uuid, "causationid": text,
                "sequence": ["type": "string", "pattern": "^[0-9]+$"], "traceparent": text, "data": true,
            ],
        ]
    }()
}
