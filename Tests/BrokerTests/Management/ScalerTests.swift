import Broker
import Contracts
import Testing

/// The requests of KEDA's RabbitMQ scaler (`rabbitmq_scaler.go` of KEDA 2), and the members that it reads from the answers: a
/// missing one counts as zero there, and nothing would ever be scaled.
@Suite(.timeLimit(.minutes(3))) struct ScalerTests {
    private static let names = ["worker.orders", "worker.orders.1", "worker.edge"]

    private func fill(_ api: HTTPProbe) async throws {
        for name in Self.names { #expect(try await api(.PUT, "/api/queues/%2F/\(name)", ["durable": true]).status == 201) }
        for number in 0..<5 {
            let message: JSONValue = [
                "routing_key": .string(Self.names[number % 2]), "payload": "x", "payload_encoding": "string", "properties": [:],
            ]
            _ = try await api(.POST, "/api/exchanges/%2F/amq.default/publish", message)
        }
    }

    /// What Go's decoder takes for an `int`: digits alone.
    private func integer(_ name: String, _ queue: JSONValue) -> String? {
        queue[name].map { String(decoding: $0.encoded(), as: UTF8.self) }
    }

    private func rate(_ name: String, _ queue: JSONValue) -> Double? { queue["message_stats"]?[name]?["rate"]?.doubleValue }

    /// Fails when the rates of a queue are left out of its `message_stats`.
    @Test func oneQueue() async throws {
        try await withManagement { (api: HTTPProbe) async throws in
            try await fill(api)
            let answer = try await api(.GET, "/api/queues/%2F/worker.orders")
            #expect(answer.status == 200)
            #expect(answer.json["name"] == "worker.orders")
            #expect(integer("messages", answer.json) == "3")
            #expect(integer("messages_ready", answer.json) == "3")
            #expect(integer("messages_unacknowledged", answer.json) == "0")
            #expect(rate("publish_details", answer.json) != nil)
            #expect(rate("deliver_get_details", answer.json) != nil)
            // Anything but 200 is an error to it, of which it logs status and body.
            let missing = try await api(.GET, "/api/queues/%2F/worker.none")
            #expect(missing.status == 404)
            #expect(missing.text == #"{"error":"Object Not Found","reason":"Not Found"}"#)
        }
    }

    /// `useRegex`: one page, whose queues it adds up; more than one page is an error to it. Fails when case matters to the
    /// expression.
    @Test func queuesOfAPattern() async throws {
        try await withManagement { (api: HTTPProbe) async throws in
            try await fill(api)
            // RabbitMQ ignores case: what another scaler counts, this one must count.
            let query = "page=1&use_regex=true&pagination=false&name=%5EWorker%5C.orders&page_size=100"
            let answer = try await api(.GET, "/api/queues/%2F?\(query)")
            #expect(answer.status == 200)
            #expect(integer("page_count", answer.json) == "1")
            let queues = answer.json["items"]?.arrayValue ?? []
            #expect(queues.map { $0["name"] } == ["worker.orders", "worker.orders.1"])
            #expect(queues.map { integer("messages", $0) } == ["3", "2"])
            #expect(queues.allSatisfy { rate("publish_details", $0) != nil && rate("deliver_get_details", $0) != nil })
        }
    }
}
