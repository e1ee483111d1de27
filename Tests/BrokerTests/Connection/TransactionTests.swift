import Broker
import NIOCore
import Testing

/// What a transaction's publishes are checked for, and when.
@Suite struct TransactionTests {
    private func begin(_ harness: MachineHarness) throws -> MachineClient {
        let client = try harness.open()
        try client.declare("q")
        client.send(ExchangeDeclare(exchange: "internal", type: "fanout", isInternal: true))
        _ = try client.take(ExchangeDeclareOK.self)
        try client.selectTransactions()
        return client
    }

    /// Fails when a publish is routed only at the commit: then the first message is in the queue and the channel closed.
    @Test(arguments: ["internal", "missing"]) func aPublishThatIsRefusedTakesTheWholeTransactionWithIt(_ exchange: String) throws {
        let harness = try MachineHarness()
        let client = try begin(harness)
        client.publish(key: "q", body: "a")
        client.publish(exchange: exchange, key: "k", body: "b")
        let close = try client.take(ChannelClose.self)
        #expect(close.replyCode == (exchange == "internal" ? 403 : 404))
        #expect(MethodID(classID: close.classID, methodID: close.methodID) == .basicPublish)
        #expect(try harness.open().declare("q").messageCount == 0)
    }

    /// The way is that of the moment when the message came in.
    @Test func anExchangeThatIsDeletedMeanwhileHasDoneItsPart() throws {
        let harness = try MachineHarness()
        let client = try begin(harness)
        client.send(ExchangeDeclare(exchange: "x", type: "fanout"))
        _ = try client.take(ExchangeDeclareOK.self)
        client.send(QueueBind(queue: "q", exchange: "x", routingKey: ""))
        _ = try client.take(QueueBindOK.self)
        client.publish(exchange: "x", key: "", body: "a")
        client.send(ExchangeDelete(exchange: "x"))
        _ = try client.take(ExchangeDeleteOK.self)
        try client.commit()
        #expect(try client.declare("q").messageCount == 1)
    }

    /// Fails when a message is given to a queue that nobody will ever read or count.
    @Test func aQueueThatIsDeletedMeanwhileGetsNothing() throws {
        let harness = try MachineHarness()
        let client = try begin(harness)
        client.publish(key: "q", mandatory: true, body: "a")
        client.send(QueueDelete(queue: "q"))
        _ = try client.take(QueueDeleteOK.self)
        client.send(TxCommit())
        #expect(try client.take(BasicReturn.self).routingKey == "q")
        _ = try client.takeContent()
        _ = try client.take(TxCommitOK.self)
        #expect(harness.core.memoryInUse == 0)
    }

    /// Fails when only bodies count.
    @Test func propertiesCountToTheLimit() throws {
        let harness = try MachineHarness { $0.limits.transactionBytes = 50_000 }
        let client = try begin(harness)
        var properties = BasicProperties()
        properties.headers = ["large": .string(String(repeating: "x", count: 10_000))]
        for _ in 0..<4 { client.publish(key: "q", properties) }
        #expect(!client.hasFrames)
        client.publish(key: "q", properties)
        #expect(try client.take(ConnectionClose.self).replyText == "RESOURCE_ERROR - a transaction can hold 50000 bytes at most")
    }
}
