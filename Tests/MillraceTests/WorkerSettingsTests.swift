import Millrace
import Testing

@Suite("A worker's settings")
struct WorkerSettingsTests {
    @Test("defaults")
    func defaults() throws {
        let settings = try WorkerSettings(worker: "order-history", environment: [:])
        #expect(settings.schema == "order_history")
        #expect(settings.httpHost == "127.0.0.1")
        #expect(settings.httpPort == 0)
        #expect(settings.drain == .seconds(30))
        #expect(settings.partitions == 1)
        #expect(settings.logLevel == .info)
        #expect(!settings.isSupervised)
    }

    @Test("everything set")
    func everything() throws {
        let settings = try WorkerSettings(
            worker: "orders",
            environment: [
                "MILLRACE_SCHEMA": "o", "MILLRACE_HTTP_HOST": "::", "MILLRACE_HTTP_PORT": "8080", "MILLRACE_DRAIN_SECONDS": "5",
                "MILLRACE_LOG_LEVEL": "DEBUG", "MILLRACE_QUEUE_TYPE": "classic", "MILLRACE_SUPERVISED": "1",
                "MILLRACE_PARTITIONS": "4",
            ])
        #expect(settings.schema == "o")
        #expect(settings.httpHost == "::")
        #expect(settings.httpPort == 8080)
        #expect(settings.drain == .seconds(5))
        #expect(settings.logLevel == .debug)
        #expect(settings.isSupervised)
        #expect(Worker(name: "orders", settings: settings).messaging.queueType == .classic)
        #expect(Worker(name: "orders", settings: settings).messaging.queues == (0..<4).map { "worker.orders.\($0)" })
    }

    @Test(
        "what makes no sense is refused, and named",
        arguments: [
            ("MILLRACE_HTTP_PORT", "65536"), ("MILLRACE_HTTP_PORT", "-1"), ("MILLRACE_HTTP_PORT", "http"),
            ("MILLRACE_DRAIN_SECONDS", "0"), ("MILLRACE_DRAIN_SECONDS", "1e3"), ("MILLRACE_LOG_LEVEL", "loud"),
            ("MILLRACE_QUEUE_TYPE", "stream"), ("MILLRACE_PARTITIONS", "0"), ("MILLRACE_PARTITIONS", "65"), ("MILLRACE_SCHEMA", ""),
        ])
    func refused(_ name: String, _ value: String) {
        let error = #expect(throws: SettingsError.self) { try WorkerSettings(worker: "orders", environment: [name: value]) }
        #expect(error?.description.contains(name) == true)
    }
}
