import Broker
import Contracts
import MillraceTesting
import NIOHTTP1
import Testing

/// Runs a body with a broker in memory and a client of its management API.
func withManagement<Value: Sendable>(
    _ change: (inout BrokerConfiguration) -> Void = { _ in }, _ body: (HTTPProbe) async throws -> Value
) async throws -> Value {
    try await withBrokerAddress({
        $0.management = ManagementEndpoint(port: 0)
        change(&$0)
    }) { address, _ in
        try await body(HTTPProbe(port: #require(address.managementPort)))
    }
}

@Suite struct ManagementAPITests {
    // MARK: - How many may ask

    /// Clients that keep a connection for each thing they watch do not keep out others: the one that was idle for longest goes, the
    /// one that was used since then stays.
    @Test func makesRoomForAFurtherConnection() async throws {
        try await withManagement({ $0.limits.managementConnections = 3 }) { (api: HTTPProbe) async throws in
            let kept = [try await KeptConnection.open(api), try await KeptConnection.open(api), try await KeptConnection.open(api)]
            for connection in kept { #expect(try await connection.status("/api/whoami") == 200) }
            #expect(try await kept[0].status("/api/whoami") == 200)
            #expect(try await api(.GET, "/api/whoami").status == 200)
            try await kept[1].waitUntilClosed()
            #expect(try await kept[0].status("/api/whoami") == 200)
            #expect(try await kept[2].status("/api/whoami") == 200)
        }
    }

    // MARK: - Who may ask

    @Test func onlyThoseWhoLogIn() async throws {
        try await withManagement { (api: HTTPProbe) async throws in
            var other = api
            other.user = nil
            let anonymous = try await other(.GET, "/api/overview")
            #expect(anonymous.status == 401)
            #expect(anonymous.json == ["error": "not_authorized", "reason": "Login failed"])
            #expect(anonymous.headers.first(name: "www-authenticate")?.hasPrefix("Basic") == true)
            other.user = "guest"
            other.password = "wrong"
            #expect(try await other(.GET, "/api/overview").status == 401)
            #expect(try await api(.GET, "/api/whoami").json == ["name": "guest", "tags": ["administrator"]])
            #expect(try await api(.GET, "/api/nothing").json == ["error": "Object Not Found", "reason": "Not Found"])
            #expect(try await api(.POST, "/api/overview").status == 405)
            // An empty name is none that was left out, and not one that the broker chooses.
            #expect(try await api(.GET, "/api/queues//%2F").status == 404)
            #expect(try await api(.PUT, "/api/queues/%2F//", ["durable": true]).status == 404)
            #expect(try await api(.PUT, "/api/vhosts//").status == 404)
            #expect(try await api(.GET, "/api/queues").json.arrayValue?.isEmpty == true)
            #expect(try await api(.GET, "/api/queues/").status == 200)
        }
    }

    /// Fails when a route is not given its audience, when lists are not filtered by virtual host, or when the tag `monitoring`
    /// shows what is inside of virtual hosts that the user may not open.
    @Test func tagsAndPermissionsDecideWhatIsSeen() async throws {
        try await withManagement { (api: HTTPProbe) async throws in
            for (name, tags) in [("nobody", ""), ("manager", "management"), ("watcher", "monitoring"), ("chief", "administrator")] {
                #expect(try await api(.PUT, "/api/users/\(name)", ["password": "pw", "tags": .string(tags)]).status == 201)
            }
            #expect(try await api(.PUT, "/api/vhosts/shop").status == 201)
            #expect(try await api(.PUT, "/api/permissions/shop/manager", ["configure": "^own", "write": ".*", "read": ".*"]).status == 201)
            #expect(try await api(.PUT, "/api/queues/%2F/hidden", [:]).status == 201)
            #expect(try await api(.PUT, "/api/queues/shop/seen", [:]).status == 201)

            let nobody = HTTPProbe(port: api.port, user: "nobody", password: "pw")
            #expect(try await nobody(.GET, "/api/whoami").json["reason"] == "Not management user")

            let manager = HTTPProbe(port: api.port, user: "manager", password: "pw")
            #expect(try await manager(.GET, "/api/queues?columns=name").json == [["name": "seen"]])
            let hidden = try await manager(.GET, "/api/queues/%2F/hidden")
            #expect(hidden.status == 401)
            #expect(hidden.json == ["error": "not_authorised", "reason": "User not authorised to access virtual host"])
            #expect(try await manager(.GET, "/api/users").status == 401)
            #expect(try await manager(.GET, "/api/nodes").status == 401)
            #expect(try await manager(.GET, "/api/definitions").status == 401)
            #expect(try await manager(.PUT, "/api/queues/shop/own.1", [:]).status == 201)
            let refused = try await manager(.PUT, "/api/queues/shop/other", [:])
            #expect(refused.status == 401)
            #expect(refused.json["reason"] == "ACCESS_REFUSED - access to queue 'other' in vhost 'shop' refused for user 'manager'")
            #expect(try await manager(.DELETE, "/api/queues/shop/seen").status == 401)

            let watcher = HTTPProbe(port: api.port, user: "watcher", password: "pw")
            #expect(try await watcher(.GET, "/api/nodes").status == 200)
            #expect(try await watcher(.GET, "/api/vhosts?columns=name").json == [["name": "/"], ["name": "shop"]])
            #expect(try await watcher(.GET, "/api/consumers/%2F").json == [])
            // What is in them is for those who may open them.
            for list in ["queues", "exchanges", "bindings"] {
                #expect(try await watcher(.GET, "/api/\(list)").json == [])
                #expect(try await watcher(.GET, "/api/\(list)/%2F").json["reason"] == "User not authorised to access virtual host")
            }
            #expect(try await watcher(.GET, "/api/queues/%2F/hidden").status == 401)
            #expect(try await watcher(.GET, "/api/exchanges/%2F/amq.topic").status == 401)
            #expect(try await watcher(.GET, "/api/queues/%2F/missing").status == 401)
            #expect(try await api(.PUT, "/api/permissions/shop/watcher", ["configure": "", "write": "", "read": ""]).status == 201)
            #expect(try await watcher(.GET, "/api/queues?columns=name").json == [["name": "own.1"], ["name": "seen"]])
            #expect(try await watcher(.GET, "/api/queues/shop/seen").status == 200)
            #expect(try await watcher(.POST, "/api/queues/shop/seen/get", ["count": 1]).status == 401)
            // An administrator sees everything, and touches nothing without a permission.
            let chief = HTTPProbe(port: api.port, user: "chief", password: "pw")
            #expect(try await chief(.GET, "/api/queues?columns=name").json == [["name": "hidden"], ["name": "own.1"], ["name": "seen"]])
            #expect(try await chief(.GET, "/api/queues/shop/seen").status == 200)
            #expect(try await chief(.POST, "/api/queues/shop/seen/get", ["count": 1]).status == 401)
            // Seeing is not touching.
            #expect(try await watcher(.POST, "/api/queues/%2F/hidden/get", ["count": 1]).status == 401)
            #expect(try await watcher(.DELETE, "/api/queues/%2F/hidden/contents").status == 401)
            #expect(try await watcher(.PUT, "/api/vhosts/another").status == 401)
        }
    }

    // MARK: - Queues

    @Test func aQueueFromItsDeclarationToItsEnd() async throws {
        try await withManagement { (api: HTTPProbe) async throws in
            let arguments: JSONValue = ["arguments": ["x-max-length": 10], "durable": true]
            #expect(try await api(.PUT, "/api/queues/%2F/orders", arguments).status == 201)
            #expect(try await api(.PUT, "/api/queues/%2F/orders", arguments).status == 204)
            let different = try await api(.PUT, "/api/queues/%2F/orders", ["durable": false])
            #expect(different.status == 400)
            #expect(different.json["error"] == "bad_request")
            #expect(
                different.json["reason"]?.stringValue?.hasPrefix(
                    "406 PRECONDITION_FAILED - inequivalent arg 'durable' for queue 'orders' in vhost '/'") == true)

            for number in 1...3 {
                let message: JSONValue = [
                    "routing_key": "orders", "payload": .string("message \(number)"), "payload_encoding": "string",
                    "properties": ["delivery_mode": 2, "headers": ["n": .number(JSONNumber(number))]],
                ]
                #expect(try await api(.POST, "/api/exchanges/%2F/amq.default/publish", message).json == ["routed": true])
            }
            // What KEDA's scaler reads.
            let figures = try await api(.GET, "/api/queues/%2F/orders").json
            #expect(figures["messages"] == 3)
            #expect(figures["messages_ready"] == 3)
            #expect(figures["messages_unacknowledged"] == 0)
            #expect(figures["message_stats"]?["publish_details"]?["rate"]?.doubleValue != nil)
            #expect(figures["arguments"] == ["x-max-length": 10])

            let looked = try await api(
                .POST, "/api/queues/%2F/orders/get", ["count": 2, "ackmode": "ack_requeue_true", "encoding": "auto"]
            ).json
            #expect(looked.arrayValue?.count == 2)
            #expect(looked[0]?["payload"] == "message 1")
            #expect(looked[0]?["properties"]?["headers"] == ["n": 1])
            #expect(looked[0]?["redelivered"] == false)
            let taken = try await api(
                .POST, "/api/queues/%2F/orders/get", ["count": 1, "ackmode": "ack_requeue_false", "encoding": "base64"]
            ).json
            #expect(taken[0]?["payload"] == "bWVzc2FnZSAx")
            #expect(taken[0]?["redelivered"] == true)
            #expect(try await api(.GET, "/api/queues/%2F/orders").json["messages"] == 2)
            #expect(try await api(.DELETE, "/api/queues/%2F/orders?if-empty=true").status == 400)
            #expect(try await api(.DELETE, "/api/queues/%2F/orders/contents").status == 204)
            #expect(try await api(.DELETE, "/api/queues/%2F/orders?if-empty=true").status == 204)
            for method in [HTTPMethod.GET, .DELETE] {
                for path in ["queues/%2F/orders", "exchanges/%2F/orders"] {
                    let missing = try await api(method, "/api/" + path)
                    #expect(missing.status == 404)
                    #expect(missing.json == ["error": "Object Not Found", "reason": "Not Found"])
                }
            }
            #expect(try await api(.DELETE, "/api/queues/%2F/orders/contents").status == 404)
        }
    }

    @Test func whatIsNotRoutedIsSaid() async throws {
        try await withManagement { (api: HTTPProbe) async throws in
            let message: JSONValue = ["routing_key": "nowhere", "payload": "", "properties": [:], "payload_encoding": "string"]
            #expect(try await api(.POST, "/api/exchanges/%2F/amq.default/publish", message).json == ["routed": false])
            #expect(try await api(.POST, "/api/exchanges/%2F/missing/publish", message).status == 404)
            #expect(try await api(.POST, "/api/exchanges/%2F/amq.default/publish", ["payload": ""]).status == 400)
            // Fails when any number is taken for a time, which once stopped the whole broker.
            _ = try await api(.PUT, "/api/queues/%2F/q", [:])
            for wrong in [["expiration": "9223372036854775807"], ["expiration": "-1"], ["expiration": "soon"], ["delivery_mode": 3]]
                as [JSONValue]
            {
                let message: JSONValue = ["routing_key": "q", "payload": "", "properties": wrong]
                #expect(try await api(.POST, "/api/exchanges/%2F/amq.default/publish", message).status == 400)
            }
            let impostor: JSONValue = ["routing_key": "x", "payload": "", "properties": ["user_id": "somebody"]]
            #expect(try await api(.POST, "/api/exchanges/%2F/amq.default/publish", impostor).status == 400)
        }
    }

    @Test func listsHavePagesFiltersOrdersAndColumns() async throws {
        try await withManagement { (api: HTTPProbe) async throws in
            for name in ["alpha", "beta", "gamma", "delta"] { _ = try await api(.PUT, "/api/queues/%2F/\(name)", [:]) }
            let page = try await api(.GET, "/api/queues?page=1&page_size=2&name=.*a$&use_regex=true&columns=name").json
            #expect(page["items"] == [["name": "alpha"], ["name": "beta"]])
            #expect(page["total_count"] == 4)
            #expect(page["filtered_count"] == 4)
            #expect(page["page_count"] == 2)
            #expect(try await api(.GET, "/api/queues?page=1&name=LT&columns=name").json["items"] == [["name": "delta"]])
            #expect(try await api(.GET, "/api/queues?sort=name&sort_reverse=true&columns=name").json[0] == ["name": "gamma"])
            #expect(
                try await api(.GET, "/api/queues?columns=message_stats.publish_details.rate").json[0]?["message_stats"]?.objectValue?.keys
                    == ["publish_details"])
            #expect(try await api(.GET, "/api/queues?page=1&name=(&use_regex=true").status == 400)
            // An expression ignores case, as the plain filter does.
            let expression = try await api(.GET, "/api/queues?page=1&use_regex=true&name=%5EDELTA%24&columns=name").json
            #expect(expression["items"] == [["name": "delta"]])
            let nothing = try await api(.GET, "/api/queues?page=1&name=none").json
            #expect(nothing["page_count"] == 0)
            #expect(nothing["items"] == [])
        }
    }

    /// The answers are RabbitMQ's.
    @Test(arguments: [
        ("page=9", "page_out_of_range", "Page out of range, page: 9 page size: 100, len: 4"),
        ("page=3&name=none", "page_out_of_range", "Page out of range, page: 3 page size: 100, len: 0"),
        ("page=9223372036854775807", "page_out_of_range", "Page out of range, page: 9223372036854775807 page size: 100, len: 4"),
        ("page=0", "invalid_pagination_parameters", "Invalid pagination parameters: page number 0, page size undefined"),
        ("page=1&page_size=0", "invalid_pagination_parameters", "Invalid pagination parameters: page number 1, page size 0"),
        ("page=1&page_size=501", "invalid_pagination_parameters", "Invalid pagination parameters: page number 1, page size 501"),
        ("page=x", "bad_request", "Pagination parameters are invalid"),
        ("page_size=x", "bad_request", "Pagination parameters are invalid"),
    ])
    func pagesThatAreNone(query: String, error: String, reason: String) async throws {
        try await withManagement { (api: HTTPProbe) async throws in
            for name in ["alpha", "beta", "gamma", "delta"] { _ = try await api(.PUT, "/api/queues/%2F/\(name)", [:]) }
            let answer = try await api(.GET, "/api/queues?" + query)
            #expect(answer.status == 400)
            #expect(answer.json == ["error": .string(error), "reason": .string(reason)])
            // The page after a full last one is there.
            #expect(try await api(.GET, "/api/queues?page=3&page_size=2").json["items"] == [])
            #expect(try await api(.GET, "/api/queues?page_size=501").status == 200)
        }
    }

    // MARK: - Exchanges and bindings

    @Test func bindingsAreFoundByTheirKeys() async throws {
        try await withManagement { (api: HTTPProbe) async throws in
            #expect(try await api(.PUT, "/api/exchanges/%2F/topics", ["type": "topic"]).status == 201)
            #expect(try await api(.PUT, "/api/exchanges/%2F/topics", ["type": "fanout"]).status == 400)
            #expect(try await api(.PUT, "/api/exchanges/%2F/odd", ["type": "x-unknown"]).status == 400)
            _ = try await api(.PUT, "/api/queues/%2F/q", [:])
            for (key, escaped) in [("order.#", "order.%23"), ("order.#", "order.%2523"), ("a/b", "a%2Fb"), ("a~b", "a~b"), ("", "~")] {
                let made = try await api(.POST, "/api/bindings/%2F/e/topics/q/q", ["routing_key": .string(key), "arguments": [:]])
                #expect(made.status == 201)
                let relative = try #require(made.headers.first(name: "location"))
                #expect(relative.hasPrefix("q/"), "\(relative) is relative to where it was posted")
                let location = "/api/bindings/%2F/e/topics/q/" + relative
                #expect(try await api(.GET, location).json["routing_key"] == .string(key))
                #expect(try await api(.GET, "/api/bindings/%2F/e/topics/q/q/\(escaped)").json["routing_key"] == .string(key))
                #expect(try await api(.DELETE, location).status == 204)
                #expect(try await api(.DELETE, location).status == 404)
            }
            _ = try await api(.POST, "/api/bindings/%2F/e/topics/q/q", ["routing_key": "k", "arguments": ["x": 1]])
            #expect(try await api(.GET, "/api/queues/%2F/q/bindings").json.arrayValue?.count == 2, "the default exchange's too")
            #expect(try await api(.GET, "/api/exchanges/%2F/topics/bindings/source").json[0]?["arguments"] == ["x": 1])
            #expect(try await api(.DELETE, "/api/exchanges/%2F/topics?if-unused=true").status == 400)
            #expect(try await api(.DELETE, "/api/exchanges/%2F/topics").status == 204)
            #expect(try await api(.DELETE, "/api/exchanges/%2F/amq.direct").status == 401)
        }
    }

    // MARK: - Users

    @Test func usersAndPermissionsAreMadeChangedAndRemoved() async throws {
        try await withManagement { (api: HTTPProbe) async throws in
            #expect(try await api(.PUT, "/api/users/anna", ["password": "one", "tags": ["management"]]).status == 201)
            let anna = HTTPProbe(port: api.port, user: "anna", password: "one")
            #expect(try await anna(.GET, "/api/whoami").json["tags"] == ["management"])
            let shown = try await api(.GET, "/api/users/anna").json
            #expect(shown["password_hash"] == "")
            #expect(shown["millrace_password_hash"]?.stringValue?.hasPrefix("$scrypt$") == true)
            #expect(try await api(.PUT, "/api/users/anna", ["password": "two", "tags": "management"]).status == 204)
            #expect(try await anna(.GET, "/api/whoami").status == 401)
            #expect(try await api(.PUT, "/api/users/anna", ["password": "", "tags": ""]).status == 400)
            #expect(try await api(.PUT, "/api/users/anna", ["password_hash": "nonsense", "tags": ""]).status == 400)

            #expect(try await api(.PUT, "/api/permissions/%2F/anna", ["configure": "(", "write": "", "read": ""]).status == 400)
            #expect(try await api(.PUT, "/api/permissions/%2F/anna", ["configure": "", "write": "", "read": ".*"]).status == 201)
            #expect(try await api(.GET, "/api/permissions/%2F/anna").json["read"] == ".*")
            #expect(try await api(.GET, "/api/users/anna/permissions").json.arrayValue?.count == 1)
            #expect(try await api(.DELETE, "/api/permissions/%2F/anna").status == 204)
            #expect(try await api(.GET, "/api/users/without-permissions").json.arrayValue?.count == 1)
            #expect(try await api(.POST, "/api/users/bulk-delete", ["users": ["anna", "nobody"]]).status == 204)
            #expect(try await api(.GET, "/api/users/anna").status == 404)
            #expect(try await api(.PUT, "/api/permissions/missing/guest", ["configure": "", "write": "", "read": ""]).status == 400)
        }
    }

    // MARK: - Health

    @Test func healthChecksAnswer() async throws {
        try await withManagement { (api: HTTPProbe) async throws in
            #expect(try await api(.GET, "/api/aliveness-test/%2F").json == ["status": "ok"])
            #expect(try await api(.GET, "/api/health/checks/alarms").json == ["status": "ok"])
            #expect(try await api(.GET, "/api/health/checks/port-listener/\(api.port)").status == 200)
            #expect(try await api(.GET, "/api/health/checks/port-listener/1").status == 503)
            #expect(try await api(.GET, "/api/health/checks/protocol-listener/amqp").status == 200)
            #expect(try await api(.GET, "/api/health/checks/protocol-listener/mqtt").status == 503)
            let node = try await api(.GET, "/api/overview").json["node"]?.stringValue ?? ""
            #expect(try await api(.GET, "/api/nodes/\(node)").json["running"] == true)
            #expect(try await api(.GET, "/api/nodes/other").status == 404)
            for path in ["parameters", "policies", "vhost-limits", "global-parameters", "extensions", "feature-flags"] {
                #expect(try await api(.GET, "/api/\(path)").json == [], "\(path)")
            }
        }
    }

    // MARK: - Defence

    /// Fails when bodies are gathered without bound.
    @Test func largeBodiesAreRefused() async throws {
        try await withManagement({ $0.limits.managementBodyBytes = 1_000 }) { (api: HTTPProbe) async throws in
            #expect(try await api.send(.PUT, "/api/queues/%2F/q", Array(repeating: 0x20, count: 1_001)).status == 413)
            #expect(try await api(.GET, "/api/whoami").status == 200)
        }
    }

    @Test(arguments: [
        "{", "[]", "{\"a\":1,\"a\":2}", "\u{FF}", "{\"arguments\": 7}", "{\"durable\": \"maybe\"}",
        "{\"arguments\": {\"x\": 99999999999999999999}}",
    ])
    func badBodiesAreRefused(body: String) async throws {
        try await withManagement { (api: HTTPProbe) async throws in
            #expect(try await api.send(.PUT, "/api/queues/%2F/q", Array(body.utf8)).status == 400)
            #expect(try await api(.GET, "/api/queues/%2F/q").status == 404)
        }
    }

    /// Fails when depth is not counted: the stack ends before the table does.
    @Test func deepArgumentsAreRefused() async throws {
        try await withManagement { (api: HTTPProbe) async throws in
            let deep = "{\"arguments\": " + String(repeating: "{\"a\":", count: 60) + "1" + String(repeating: "}", count: 61)
            #expect(try await api.send(.PUT, "/api/queues/%2F/q", Array(deep.utf8)).status == 400)
        }
    }

    @Test(arguments: ["/api/queues/%", "/api/queues/%zz", "/api/queues/%ff", "/api/queues/%2F/%00"])
    func badTargetsAreRefused(target: String) async throws {
        try await withManagement { (api: HTTPProbe) async throws in
            #expect([400, 404].contains(try await api(.GET, target).status))
        }
    }
}
