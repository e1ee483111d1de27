import Broker
import Contracts
import Testing

@Suite struct MetricsTests {
    /// Reads the text format strictly: each sample belongs to the family announced before it, and each family comes once.
    private func samples(_ text: String) throws -> [String: Double] {
        var samples: [String: Double] = [:]
        var families: Set<String> = []
        var family = ""
        #expect(text.hasSuffix("\n"))
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 3).map(String.init)
            if line.hasPrefix("# HELP ") {
                family = words[2]
                #expect(families.insert(family).inserted, "\(family) comes twice")
            } else if line.hasPrefix("# TYPE ") {
                #expect(words[2] == family)
                #expect(["counter", "gauge"].contains(words[3]))
                #expect((words[3] == "counter") == family.hasSuffix("_total"), "\(family)")
            } else {
                let split = try #require(line.lastIndex(of: " "))
                let name = String(line[..<split])
                #expect(name == family || name.hasPrefix(family + "{") && name.hasSuffix("}"))
                #expect(samples.updateValue(try #require(Double(line[line.index(after: split)...])), forKey: name) == nil)
            }
        }
        return samples
    }

    @Test func totalsNeedNoPasswordAndNamesDo() async throws {
        try await withManagement { (api: HTTPProbe) async throws in
            _ = try await api(.PUT, "/api/queues/%2F/a%22b%5Cc", [:])
            _ = try await api(.POST, "/api/exchanges/%2F/amq.default/publish", ["routing_key": "a\"b\\c", "payload": "12345"])
            _ = try await api(.POST, "/api/exchanges/%2F/amq.default/publish", ["routing_key": "nowhere", "payload": ""])
            var anonymous = api
            anonymous.user = nil
            let answer = try await anonymous(.GET, "/metrics")
            #expect(answer.headers.first(name: "content-type") == "text/plain; version=0.0.4; charset=utf-8")
            let totals = try samples(answer.text)
            #expect(totals["rabbitmq_queues"] == 1)
            #expect(totals["rabbitmq_queue_messages_ready"] == 1)
            #expect(totals["rabbitmq_global_messages_received_total{protocol=\"amqp091\"}"] == 2)
            #expect(totals["rabbitmq_global_messages_routed_total{protocol=\"amqp091\"}"] == 1)
            #expect(try await anonymous(.GET, "/metrics/per-object").status == 401)
            let objects = try samples(try await api(.GET, "/metrics/per-object").text)
            #expect(objects["rabbitmq_queue_messages_ready{vhost=\"/\",queue=\"a\\\"b\\\\c\"}"] == 1)
            #expect(objects["rabbitmq_queue_messages_ready_bytes{vhost=\"/\",queue=\"a\\\"b\\\\c\"}"] == 5)
        }
    }
}
