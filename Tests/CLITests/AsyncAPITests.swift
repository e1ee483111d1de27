import Contracts
import Foundation
import Servers
import Testing
import Yams

/// `millrace topics asyncapi` against the official JSON Schema of AsyncAPI 3.0.0, and against what that schema cannot say:
/// that references lead somewhere, and that examples fit.
@Suite("millrace topics asyncapi", .timeLimit(.minutes(5))) struct AsyncAPITests {
    private struct Missing: Error, CustomStringConvertible { var description: String }

    /// The official schema, which is not kept here: `scripts/fetch-asyncapi-schema` gets it once, into `.build`;
    /// `MILLRACE_ASYNCAPI_SCHEMA` names a file that has it already.
    private func officialSchema() async throws -> JSONSchema {
        var path = Fixture.project + "/.build/asyncapi-3.0.0.json"
        if let given = ProcessInfo.processInfo.environment["MILLRACE_ASYNCAPI_SCHEMA"] {
            path = given
        } else {
            let result = try await ChildProcess.run(
                .init(executable: Fixture.project + "/scripts/fetch-asyncapi-schema", arguments: [path]), timeout: .seconds(300))
            guard result.status.isSuccess else { throw Missing(description: "no schema of AsyncAPI: \(result.standardError)") }
        }
        guard let data = FileManager.default.contents(atPath: path) else { throw Missing(description: "cannot read \(path)") }
        // Its parts name each other by their own URIs. They were written for draft 7, whose words in them mean the same today, but one.
        var root = Self.without("$schema", try JSONValue.parse(Array(data), limits: .init(maximumBytes: 16 << 20)))
        var registry = JSONSchemaRegistry()
        for part in root["definitions"]?.objectValue ?? JSONObject() where part.key != "http://json-schema.org/draft-07/schema" {
            registry.add(part.value, at: part.key)
        }
        // What it says of payloads that are schemas of draft 7; ours are of draft 2020-12, and are compiled below.
        registry.add(true, at: "http://json-schema.org/draft-07/schema")
        root["definitions"] = nil
        return try JSONSchema(compiling: root, registry: registry)
    }

    private static func without(_ key: String, _ value: JSONValue) -> JSONValue {
        switch value {
        case .array(let values): return .array(values.map { without(key, $0) })
        case .object(let object):
            var rest = JSONObject()
            for member in object where member.key != key || member.value.stringValue == nil {
                // A list of schemas under `items` is called `prefixItems` today.
                let name = member.key == "items" && member.value.arrayValue != nil ? "prefixItems" : member.key
                rest[name] = without(key, member.value)
            }
            return .object(rest)
        default: return value
        }
    }

    private func document(in folder: String = Fixture.project) async throws -> JSONValue {
        let result = try await Fixture.run("topics", "asyncapi", "--format", "json", in: folder)
        #expect(result.status == .exited(0) && result.standardError.isEmpty, "\(result)")
        return try JSONValue.parse(Array(result.standardOutput.utf8))
    }

    /// Each change makes the document wrong; a schema that took one of them would prove nothing.
    private static let flaws: [(String, @Sendable (inout JSONValue) -> Void)] = [
        ("no version", { $0["asyncapi"] = nil }), ("another version", { $0["asyncapi"] = "2.6.0" }),
        ("no title", { $0["info"] = ["version": "1"] }),
        ("an unknown word", { $0["chanels"] = [:] }), ("an action", { change(&$0, "operations", "action", "publish") }),
        ("no channel", { change(&$0, "operations", "channel", nil) }), ("a binding", { changeBinding(&$0, "is", "topic") }),
        ("an exchange", { changeBinding(&$0, "exchange", ["type": "broadcast"]) }),
        ("a word of a binding", { changeBinding(&$0, "durable", true) }),
        ("a binding's version", { changeBinding(&$0, "bindingVersion", "9.9.9") }),
    ]

    private static func change(_ document: inout JSONValue, _ section: String, _ key: String, _ value: JSONValue?) {
        guard let first = document[section]?.objectValue?.keys.first else { return }
        var (part, member) = (document[section] ?? [:], document[section]?[first] ?? [:])
        member[key] = value
        part[first] = member
        document[section] = part
    }

    private static func changeBinding(_ document: inout JSONValue, _ key: String, _ value: JSONValue) {
        guard let first = document["channels"]?.objectValue?.keys.first else { return }
        var binding = document["channels"]?[first]?["bindings"]?["amqp"] ?? [:]
        binding[key] = value
        change(&document, "channels", "bindings", ["amqp": binding])
    }

    @Test("is valid by the official schema, which finds each of ten flaws")
    func official() async throws {
        let schema = try await officialSchema()
        let document = try await document()
        #expect(schema.validate(document).isEmpty, "\(schema.validate(document))")
        for (name, flaw) in Self.flaws {
            var broken = document
            flaw(&broken)
            #expect(!schema.isValid(broken), "\(name)")
        }
    }

    @Test("every reference leads somewhere, every schema compiles, and every example fits its message")
    func references() async throws {
        let document = try await document()
        var count = 0
        func follow(_ value: JSONValue) {
            switch value {
            case .array(let values): values.forEach(follow)
            case .object(let object):
                if let target = object["$ref"]?.stringValue {
                    count += 1
                    #expect(target.hasPrefix("#/") && JSONPointer(String(target.dropFirst())).flatMap { document[$0] } != nil, "\(target)")
                }
                object.forEach { follow($0.value) }
            default: break
            }
        }
        follow(document)
        #expect(count > 100)

        let messages = try #require(document["components"]?["messages"]?.objectValue)
        #expect(messages.count > 20)
        var registry = JSONSchemaRegistry()
        registry.add(document, at: "https://example.org/asyncapi.json")
        for message in messages {
            let schema = try JSONSchema(
                compiling: ["$ref": .string("https://example.org/asyncapi.json#/components/messages/\(message.key)/payload")],
                registry: registry,
                options: .init(assertsFormats: true))
            for example in message.value["examples"]?.arrayValue ?? [] {
                var payload = try #require(example["payload"])
                #expect(schema.validate(payload).isEmpty, "\(message.key): \(schema.validate(payload))")
                payload["data"] = ["surely": "wrong"]
                #expect(!schema.isValid(payload), "\(message.key)")
            }
        }
        // A message of an operation is one of its channel (AsyncAPI 3.0.0, Operation Object).
        for operation in document["operations"]?.objectValue ?? JSONObject() {
            let channel = try #require(operation.value["channel"]?["$ref"]?.stringValue)
            for message in operation.value["messages"]?.arrayValue ?? [] {
                #expect(message["$ref"]?.stringValue?.hasPrefix(channel + "/messages/") == true, "\(operation.key)")
            }
        }
    }

    @Test("the YAML says the same as the JSON, as another reader of YAML sees it")
    func yaml() async throws {
        let json = try await document()
        let result = try await Fixture.run("topics", "asyncapi", "--title", "Millrace topics")
        let node = try #require(try Yams.compose(yaml: result.standardOutput))
        #expect(Self.value(node) == json)
    }

    private static func value(_ node: Node) -> JSONValue {
        switch node {
        case .sequence(let nodes): return .array(nodes.map(value))
        case .mapping(let mapping):
            var object = JSONObject()
            for (key, member) in mapping { object[key.string ?? ""] = value(member) }
            return .object(object)
        case .scalar(let scalar):
            guard scalar.style == .plain else { return .string(scalar.string) }
            if let bool = Bool(scalar.string) { return .bool(bool) }
            if scalar.string == "null" { return .null }
            if Double(scalar.string) != nil, let number = JSONNumber(scalar.string) { return .number(number) }
            return .string(scalar.string)
        default: return .null
        }
    }
}
