import Broker
import Contracts
import Foundation
import MillraceTesting
import Servers
import Testing

@Suite struct DefinitionsTests {
    /// As RabbitMQ 3.10 writes it, with users whose passwords are `test12` (SHA-256) and none.
    static let rabbit: JSONValue = [
        "rabbit_version": "3.10.8", "rabbitmq_version": "3.10.8", "product_name": "RabbitMQ", "product_version": "3.10.8",
        "users": [
            [
                "name": "moved", "password_hash": "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR",
                "hashing_algorithm": "rabbit_password_hashing_sha256", "tags": ["administrator"], "limits": [:],
            ],
            ["name": "locked", "password_hash": "", "hashing_algorithm": "rabbit_password_hashing_sha256", "tags": "", "limits": [:]],
        ],
        "vhosts": [["name": "/"], ["name": "shop"]],
        "permissions": [["user": "moved", "vhost": "shop", "configure": ".*", "write": "^(?!amq\\.).*", "read": ".*"]],
        "topic_permissions": [], "parameters": [], "global_parameters": [["name": "cluster_name", "value": "rabbit@host"]], "policies": [],
        "queues": [
            [
                "name": "orders", "vhost": "shop", "durable": true, "auto_delete": false,
                "arguments": ["x-queue-type": "quorum", "x-delivery-limit": 5],
            ],
            ["name": "dead", "vhost": "shop", "durable": true, "auto_delete": false, "arguments": [:]],
        ],
        "exchanges": [
            [
                "name": "events", "vhost": "shop", "type": "topic", "durable": true, "auto_delete": false, "internal": false,
                "arguments": [:],
            ],
            [
                "name": "split", "vhost": "shop", "type": "headers", "durable": true, "auto_delete": false, "internal": false,
                "arguments": ["alternate-exchange": "events"],
            ],
        ],
        "bindings": [
            [
                "source": "events", "vhost": "shop", "destination": "orders", "destination_type": "queue", "routing_key": "order.#",
                "arguments": [:],
            ],
            [
                "source": "split", "vhost": "shop", "destination": "dead", "destination_type": "queue", "routing_key": "",
                "arguments": ["x-match": "all", "kind": "dead"],
            ],
            [
                "source": "events", "vhost": "shop", "destination": "split", "destination_type": "exchange", "routing_key": "*",
                "arguments": [:],
            ],
        ],
    ]

    /// The parts that name what is durable.
    private static func topology(_ file: JSONValue) -> [JSONValue?] {
        ["queues", "exchanges", "bindings", "permissions", "vhosts"].map { file[$0] }
    }

    @Test func whatRabbitMQWroteIsRead() async throws {
        try await withManagement { (api: HTTPProbe) async throws in
            #expect(try await api(.POST, "/api/definitions", Self.rabbit).status == 204)
            let moved = HTTPProbe(port: api.port, user: "moved", password: "test12")
            #expect(try await moved(.GET, "/api/whoami").status == 200)
            let locked = HTTPProbe(port: api.port, user: "locked", password: "")
            #expect(try await locked(.GET, "/api/whoami").json["reason"] == "Login failed")
            #expect(try await api(.GET, "/api/queues/shop/orders").json["type"] == "quorum")
            #expect(try await api(.GET, "/api/exchanges/shop/events/bindings/source").json.arrayValue?.count == 2)
            // Once more changes nothing.
            #expect(try await api(.POST, "/api/definitions", Self.rabbit).status == 204)
        }
    }

    /// RabbitMQ writes bindings of exclusive queues and of internal exchanges, but not these themselves, and leaves out at its own
    /// import what has no ends, and queues with names of the server's. Fails when the import stops there.
    @Test func whatCannotBeMadeAnewIsLeftOutAndNamed() async throws {
        var file = Self.rabbit
        func add(_ part: String, _ entry: JSONValue) { file[part] = .array((file[part]?.arrayValue ?? []) + [entry]) }
        func binding(_ source: String, _ destination: String, _ kind: String) -> JSONValue {
            [
                "source": .string(source), "vhost": "shop", "destination": .string(destination), "destination_type": .string(kind),
                "routing_key": "k", "arguments": [:],
            ]
        }
        add("queues", ["name": "amq.gen-abc", "vhost": "shop", "durable": true, "auto_delete": false, "arguments": [:]])
        add("bindings", binding("events", "amq.gen-abc", "queue"))
        add("bindings", binding("events", "exclusive", "queue"))
        add("bindings", binding("internal", "orders", "queue"))
        add("bindings", binding("events", "internal", "exchange"))
        add("bindings", binding("events", "dead", "queue"))
        add("vhosts", ["name": "limited", "limits": ["max-queues": 5]])
        try await withManagement { (api: HTTPProbe) async throws in
            let reply = try await api(.POST, "/api/definitions", file)
            #expect(reply.status == 200)
            #expect(
                reply.json["ignored"]
                    == ["limits of vhosts", "queues that the server has named", "bindings of queues or exchanges that are not there"])
            #expect(try await api(.GET, "/api/queues/shop/dead/bindings").json.arrayValue?.count == 3)
        }
    }

    /// Fails when the virtual hosts of a file are made before the rest of it is checked.
    @Test func aFileThatIsRefusedChangesNothing() async throws {
        try await withManagement { (api: HTTPProbe) async throws in
            let file: JSONValue = ["vhosts": [["name": "new"]], "queues": [["name": "q", "vhost": "missing", "durable": true]]]
            #expect(try await api(.POST, "/api/definitions", file).status == 400)
            #expect(try await api(.GET, "/api/vhosts/new").status == 404)
        }
    }

    @Test func whatIsWrittenIsReadByAnotherBroker() async throws {
        try await withManagement { (first: HTTPProbe) async throws in
            _ = try await first(.POST, "/api/definitions", Self.rabbit)
            _ = try await first(.PUT, "/api/users/own", ["password": "secret", "tags": "monitoring"])
            _ = try await first(.PUT, "/api/queues/shop/passing", ["durable": false])
            let file = try await first(.GET, "/api/definitions").json
            try await withManagement { (second: HTTPProbe) async throws in
                #expect(try await second(.POST, "/api/definitions", file).status == 204)
                #expect(Self.topology(try await second(.GET, "/api/definitions").json) == Self.topology(file))
                let own = HTTPProbe(port: second.port, user: "own", password: "secret")
                #expect(try await own(.GET, "/api/whoami").status == 200)
                #expect(try await second(.GET, "/api/queues/shop/passing").status == 404, "what is not durable is not written")
                let part = try await first(.GET, "/api/definitions/shop").json
                #expect(try await second(.POST, "/api/definitions/%2F", part).status == 204)
                #expect(try await second(.GET, "/api/queues/%2F/orders").status == 200)
            }
        }
    }

    @Test func whatIsNotSupportedIsNamed() async throws {
        try await withManagement { (api: HTTPProbe) async throws in
            let policy: JSONValue = [
                "vhost": "/", "name": "ha", "pattern": ".*", "apply-to": "all", "definition": ["ha-mode": "all"], "priority": 0,
            ]
            let answer = try await api(.POST, "/api/definitions", ["policies": [policy]])
            #expect(answer.status == 200)
            #expect(answer.json == ["ignored": ["policies"]])
        }
    }

    /// Fails when the file is applied before it is checked.
    @Test(
        arguments: [
            ["permissions": [["user": "nobody", "vhost": "/", "configure": "", "write": "", "read": ""]]],
            ["permissions": [["user": "guest", "vhost": "/", "configure": "(", "write": "", "read": ""]]],
            ["users": [["name": "bad", "password_hash": "x", "tags": ""]]], ["queues": [["name": "q"]]], ["queues": 7],
            ["queues": [["name": "q2", "vhost": "missing"]]],
        ] as [JSONValue])
    func whatCannotBeReadChangesNothing(part: JSONValue) async throws {
        try await withManagement { (api: HTTPProbe) async throws in
            var file = part
            file["users"] = file["users"] ?? [["name": "new", "password_hash": "", "tags": ""]]
            file["exchanges"] = [["name": "made", "vhost": "/", "type": "direct"]]
            #expect(try await api(.POST, "/api/definitions", file).status == 400)
            #expect(try await api(.GET, "/api/users/new").status == 404)
            #expect(try await api(.GET, "/api/exchanges/%2F/made").status == 404)
        }
    }

    /// A real RabbitMQ starts with the file, lets the user in whose password was given, and has the same topology.
    @Test(.enabled(if: ServersAvailability.rabbitMQ != nil))
    func rabbitMQReadsWhatIsWritten() async throws {
        let file = try await withManagement { (api: HTTPProbe) async throws in
            _ = try await api(.POST, "/api/definitions", Self.rabbit)
            _ = try await api(.PUT, "/api/users/own", ["password": "secret", "tags": "monitoring"])
            return try await api(.GET, "/api/definitions").json
        }
        var definitions = file
        let users = file["users"]?.arrayValue ?? []
        #expect(users.contains { $0["name"] == "own" && $0["password_hash"] == "" })
        definitions["users"] = .array(
            users.map { user in
                var user = user
                if user["name"] == "guest" { user["password_hash"] = .string(RabbitPassword.hash("guest")) }
                return user
            })
        let path = "/tmp/millrace-definitions-\(UUID().uuidString).json"
        #expect(FileManager.default.createFile(atPath: path, contents: Data(definitions.encoded()), attributes: [.posixPermissions: 0o644]))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let port = try FreePort.next()
        let rabbit = try await PrivateRabbitMQ.temporary(
            plugins: ["rabbitmq_management"],
            settings: ["load_definitions": path, "management.tcp.port": "\(port)", "management.tcp.ip": "127.0.0.1"])
        let api = HTTPProbe(port: port)
        #expect(try await api(.GET, "/api/whoami").json["name"] == "guest")
        let theirs = try await api(.GET, "/api/definitions").json
        await rabbit.remove()
        for part in ["queues", "exchanges", "bindings", "permissions"] {
            let order = { (value: JSONValue) in value.description }
            func sorted(_ file: JSONValue) -> [JSONValue] {
                (file[part]?.arrayValue ?? []).map(Self.inOrder).sorted { order($0) < order($1) }
            }
            #expect(sorted(theirs) == sorted(file), "\(part)")
        }
        #expect(theirs["users"]?.arrayValue?.contains { $0["name"] == "own" && $0["tags"] == ["monitoring"] } == true)
    }

    /// The same value with its members sorted, so that its text can be compared.
    private static func inOrder(_ value: JSONValue) -> JSONValue {
        guard let object = value.objectValue else { return value }
        var sorted = JSONObject()
        for key in object.keys.sorted() { sorted[key] = object[key].map(inOrder) }
        return .object(sorted)
    }
}
