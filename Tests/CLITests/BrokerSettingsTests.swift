import Broker
import Testing
import millrace_cli

@Suite struct BrokerSettingsTests {
    @Test func theEnvironmentWinsOverTheFile() throws {
        var settings = BrokerSettings()
        try settings.read(
            yaml: "listen: 0.0.0.0:1000\nmanagement: none\ndata: /var/lib/broker\nproduct: RabbitMQ/3.10.8\nlimits:\n  connections: 20")
        #expect(settings.configuration.host == "0.0.0.0")
        #expect(settings.configuration.management == nil)
        #expect(settings.configuration.storage == .folder("/var/lib/broker"))
        #expect(settings.configuration.product == "RabbitMQ")
        #expect(settings.configuration.version == "3.10.8")
        #expect(settings.configuration.limits.connections == 20)
        try settings.read(environment: [
            "MILLRACE_BROKER_LISTEN": "[::1]:0", "MILLRACE_BROKER_DATA": "memory", "MILLRACE_BROKER_PASSWORD": "pw",
        ])
        #expect(settings.configuration.host == "::1")
        #expect(settings.configuration.port == 0)
        #expect(settings.configuration.storage == .memory)
        #expect(settings.configuration.defaultPassword == "pw")
    }

    @Test(arguments: [
        "listen: nowhere", "listen: host:70000", "unknown: 1", "password: secret", "limits:\n  nothing: 1", "heartbeat: often",
        "tls:\n  port: 1",
        "- a", "data: [", "frame-max: -1",
    ])
    func whatCannotBeUsedIsRefused(yaml: String) {
        var settings = BrokerSettings()
        #expect(throws: (any Error).self) { try settings.read(yaml: yaml) }
    }

    @Test func limitsThatNobodyCouldWorkWithAreRefused() throws {
        var settings = BrokerSettings()
        try settings.read(yaml: "limits:\n  fieldTableDepth: 0")
        #expect(throws: BrokerConfigurationError.self) { try settings.configuration.validate() }
    }
}
