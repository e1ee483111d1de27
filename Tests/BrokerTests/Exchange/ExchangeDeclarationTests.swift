import Broker
import Testing

@Suite struct ExchangeDeclarationTests {
    @Test func aSecondDeclarationThatIsEqualIsNoError() throws {
        let broker = try CoreFixture()
        let first = try broker.exchange("x", "topic", ["other": "1"])
        #expect(try broker.exchange("x", "topic", ["other": "2"]) === first)
        #expect(broker.log.changes.count == 2)
    }

    @Test func differencesAreRefusedInRabbitMQsWords() throws {
        let broker = try CoreFixture()
        try broker.exchange("x", "topic", ["alternate-exchange": "a"])
        let cases: [(ProtocolFault?, String, String, String)] = [
            (fault { try broker.exchange("x", "direct") }, "type", "'direct'", "'topic'"),
            (fault { try broker.exchange("x", "topic", durable: false) }, "durable", "'false'", "'true'"),
            (fault { try broker.exchange("x", "topic", autoDelete: true) }, "auto_delete", "'true'", "'false'"),
            (fault { try broker.exchange("x", "topic", isInternal: true) }, "internal", "'true'", "'false'"),
            (
                fault { try broker.exchange("x", "topic", ["alternate-exchange": "b"]) }, "alternate-exchange", "'b'",
                "'a'"
            ),
            (
                fault { try broker.exchange("x", "topic") }, "alternate-exchange", "none",
                "the value 'a' of type 'longstr'"
            ),
        ]
        for (fault, name, received, current) in cases {
            #expect(
                fault
                    == ProtocolFault(
                        .preconditionFailed,
                        "inequivalent arg '\(name)' for exchange 'x' in vhost '/': received \(received) but current is \(current)"
                    ))
        }
    }

    @Test func anUnknownTypeClosesTheConnection() throws {
        let broker = try CoreFixture()
        let refused = fault { try broker.exchange("x", "x-recent-history") }
        #expect(refused == ProtocolFault(.commandInvalid, "unknown exchange type 'x-recent-history'"))
        #expect(refused?.closesConnection == true)
    }

    @Test func reservedNamesAreRefused() throws {
        let broker = try CoreFixture()
        let refused = fault { try broker.exchange("amq.mine") }
        #expect(refused == ProtocolFault(.accessRefused, "exchange name 'amq.mine' contains reserved prefix 'amq.*'"))
        // One that is there may be declared, if it is equal.
        try broker.exchange("amq.topic", "topic")
    }

    @Test func theDefaultExchangeIsNobodysToChange() throws {
        let broker = try CoreFixture()
        try broker.queue("q")
        let expected = ProtocolFault(.accessRefused, "operation not permitted on the default exchange")
        #expect(fault { try broker.exchange("") } == expected)
        #expect(fault { try broker.exchange("", passive: true) } == expected)
        #expect(fault { try broker.host.deleteExchange("", ifUnused: false) } == expected)
        #expect(fault { try broker.bind("", to: "q", "k") } == expected)
        #expect(fault { try broker.unbind("", from: "q", "q") } == expected)
        #expect(fault { try broker.chain("amq.direct", to: "") } == expected)
        #expect(fault { try broker.chain("", to: "amq.direct") } == expected)
    }

    @Test func passiveAsksOnly() throws {
        let broker = try CoreFixture()
        let missing = fault { try broker.exchange("x", passive: true) }
        #expect(missing == ProtocolFault(.notFound, "no exchange 'x' in vhost '/'"))
        try broker.exchange("x", "fanout")
        // Type and flags are not looked at.
        try broker.exchange("x", "nonsense", durable: false, passive: true)
    }

    @Test func deletion() throws {
        let broker = try CoreFixture()
        try broker.exchange("x")
        try broker.queue("q")
        try broker.bind("x", to: "q", "k")
        let used = fault { try broker.host.deleteExchange("x", ifUnused: true) }
        #expect(used == ProtocolFault(.preconditionFailed, "exchange 'x' in vhost '/' in use"))
        try broker.host.deleteExchange("x", ifUnused: false)
        #expect(
            fault { try broker.publish("m", to: "x", "k") } == ProtocolFault(.notFound, "no exchange 'x' in vhost '/'"))
        try broker.host.deleteExchange("x", ifUnused: false)
        let system = fault { try broker.host.deleteExchange("amq.topic", ifUnused: false) }
        #expect(
            system == ProtocolFault(.accessRefused, "deletion of system exchange 'amq.topic' in vhost '/' not allowed"))
        #expect(broker.core.bindingCount == 0)
    }

    @Test func autoDeleteGoesWithItsLastBinding() throws {
        let broker = try CoreFixture()
        try broker.exchange("x", "fanout", autoDelete: true)
        try broker.queue("a")
        try broker.queue("b")
        try broker.bind("x", to: "a")
        try broker.bind("x", to: "b")
        try broker.unbind("x", from: "a")
        try broker.exchange("x", passive: true)
        try broker.host.deleteQueue("b", requester: nil)
        #expect(fault { try broker.exchange("x", passive: true) }?.code == .notFound)
        #expect(broker.log.changes.contains(.removeExchange(host: "/", name: "x")))
    }

    @Test func autoDeleteTakesAChainDown() throws {
        let broker = try CoreFixture()
        for index in 0..<200 { try broker.exchange("x\(index)", "fanout", autoDelete: true) }
        try broker.queue("q")
        try broker.bind("x199", to: "q")
        for index in 0..<199 { try broker.chain("x\(index)", to: "x\(index + 1)") }
        try broker.host.deleteQueue("q", requester: nil)
        for index in 0..<200 { #expect(broker.host.exchanges["x\(index)"] == nil) }
        #expect(broker.core.bindingCount == 0)
    }

    @Test func internalExchangesTakeNoPublish() throws {
        let broker = try CoreFixture()
        try broker.exchange("in", "fanout", isInternal: true)
        try broker.queue("q")
        try broker.bind("in", to: "q")
        let refused = fault { try broker.publish("m", to: "in", "") }
        #expect(refused == ProtocolFault(.accessRefused, "cannot publish to internal exchange 'in' in vhost '/'"))
        try broker.chain("amq.fanout", to: "in")
        #expect(try broker.publish("m", to: "amq.fanout", "") != .unroutable)
    }

    @Test func lineBreaksAreTakenOutOfNames() throws {
        let broker = try CoreFixture()
        #expect(try broker.exchange("a\r\nb").name == "ab")
        #expect(try broker.queue("c\nd").name == "cd")
    }

    @Test func theAlternateMustBeText() throws {
        let broker = try CoreFixture()
        let refused = fault { try broker.exchange("x", "direct", ["alternate-exchange": .int32(1)]) }
        #expect(
            refused
                == ProtocolFault(
                    .preconditionFailed,
                    "invalid type 'signedint' for arg 'alternate-exchange' in exchange 'x' in vhost '/'"))
    }

    @Test func theLimitIsKept() throws {
        var limits = BrokerLimits()
        limits.exchanges = 9
        let broker = try CoreFixture(limits: limits)
        try broker.exchange("a")
        try broker.exchange("b")
        #expect(fault { try broker.exchange("c") }?.code == .resourceError)
        try broker.exchange("a")
    }
}
