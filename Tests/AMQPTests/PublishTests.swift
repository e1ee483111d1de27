import AMQP
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(4))) struct PublishTests {
    @Test(arguments: TestBroker.allCases) func confirmsInOrderOfTheBatch(_ broker: TestBroker) async throws {
        try await withClient(broker) { client, queue in
            try await client.declare(AMQPTopology(queues: [.init(name: queue)]))
            let publisher = client.publisher(window: 50)
            let outcomes = await publisher.publish((0..<1000).map { message(queue, $0) })
            #expect(outcomes.count == 1000)
            #expect(outcomes.allSatisfy { $0.isConfirmed })
            #expect(try await client.queueInfo(queue)?.messages == 1000)
            let taken = try await client.consumer(queue: queue).take(1000)
            #expect(taken.map(\.number) == Array(0..<1000))
            #expect(await publisher.publish([]).isEmpty)
        }
    }

    @Test(arguments: TestBroker.allCases) func manyTasksShareOnePublisher(_ broker: TestBroker) async throws {
        try await withClient(broker) { client, queue in
            try await client.declare(AMQPTopology(queues: [.init(name: queue)]))
            let publisher = client.publisher(window: 10)
            let bad = await withTaskGroup(of: Int.self) { group in
                for task in 0..<20 {
                    group.addTask { await publisher.publish((0..<50).map { message(queue, task * 50 + $0) }).count { !$0.isConfirmed } }
                }
                return await group.reduce(0, +)
            }
            #expect(bad == 0)
            #expect(Set(try await client.consumer(queue: queue).take(1000).map(\.number)) == Set(0..<1000))
        }
    }

    @Test(arguments: TestBroker.allCases) func carriesEveryProperty(_ broker: TestBroker) async throws {
        try await withClient(broker) { client, queue in
            try await client.declare(AMQPTopology(queues: [.init(name: queue)]))
            let headers: AMQPTable = [
                "bool": true, "i8": .int8(-1), "u8": .uint8(200), "i16": .int16(-300), "u16": .uint16(60000), "i32": .int32(-70000),
                "u32": .uint32(4_000_000_000),
                "i64": .int64(.min), "float": .float(1.5), "double": .double(-2.25), "string": "zwölf", "bytes": .bytes([0, 255]),
                "time": .timestamp(1_700_000_000), "array": .array([1, "x", .null]), "table": .table(["inner": .table(["deep": false])]),
                "null": .null,
                "decimal": .decimal(scale: 2, value: 1234),
            ]
            let properties = MessageProperties(
                contentType: "application/json", contentEncoding: "identity", headers: headers, deliveryMode: .transient, priority: 3,
                correlationID: "c", replyTo: "r", expiration: "60000", messageID: "id", timestamp: 1_700_000_001, type: "t", userID: nil,
                appID: "a")
            let sent = OutgoingMessage(exchange: "", routingKey: queue, properties: properties, body: [])
            #expect(await client.publisher().publish(sent).isConfirmed)
            let delivery = try #require(try await client.consumer(queue: queue).take(1).first)
            #expect(delivery.properties == properties)
            #expect(delivery.body == [])
            #expect(delivery.exchange == "")
            #expect(delivery.routingKey == queue)
            #expect(!delivery.redelivered)
        }
    }

    /// Bodies around and far above the frame size and the socket's buffer.
    @Test(arguments: [1, 131_064, 131_065, 131_072, 300_000, 20_000_000]) func carriesAnySize(_ size: Int) async throws {
        try await withClient { client, queue in
            try await client.declare(AMQPTopology(queues: [.init(name: queue)]))
            let body = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            let outcomes = await client.publisher().publish([
                OutgoingMessage(exchange: "", routingKey: queue, body: body), message(queue, 5),
            ])
            #expect(outcomes.allSatisfy { $0.isConfirmed })
            let taken = try await client.consumer(queue: queue).take(2)
            #expect(taken[0].body == body)
            #expect(taken[1].number == 5)
        }
    }

    /// Fails when a return is not looked at: the broker acks these messages and they are nowhere.
    @Test(arguments: TestBroker.allCases) func aMandatoryMessageWithoutAQueueIsReturned(_ broker: TestBroker) async throws {
        try await withClient(broker) { client, queue in
            try await client.declare(AMQPTopology(queues: [.init(name: queue)]))
            // Every third has no queue to go to; half of those have no message id of their own.
            let batch = (0..<300).map { n in
                var one = message(n % 3 == 0 ? queue + "-none" : queue, n, mandatory: true)
                if n % 2 == 0 { one.properties.messageID = nil }
                return one
            }
            let outcomes = await client.publisher(window: 100).publish(batch)
            for (n, outcome) in outcomes.enumerated() {
                if n % 3 == 0 {
                    guard case .returned(let code, let text) = outcome else {
                        Issue.record("message \(n): \(outcome)")
                        continue
                    }
                    #expect(code == 312)
                    #expect(text == "NO_ROUTE")
                } else {
                    #expect(outcome.isConfirmed)
                }
            }
            #expect(try await client.queueInfo(queue)?.messages == 200)
        }
    }

    @Test(arguments: TestBroker.allCases) func withoutMandatoryItIsConfirmedAndGone(_ broker: TestBroker) async throws {
        try await withClient(broker) { client, queue in
            #expect(await client.publisher().publish(message(queue, 1)).isConfirmed)
        }
    }

    /// Fails when a nack counts as a confirm.
    @Test(arguments: TestBroker.allCases) func aFullQueueNacks(_ broker: TestBroker) async throws {
        try await withClient(broker) { client, queue in
            try await client.declare(
                AMQPTopology(queues: [.init(name: queue, arguments: ["x-max-length": 5, "x-overflow": "reject-publish"])]))
            let publisher = client.publisher(window: 1)
            let outcomes = await publisher.publish((0..<20).map { message(queue, $0) })
            let nacked = outcomes.count { if case .nacked = $0 { true } else { false } }
            #expect(nacked > 0)
            #expect(outcomes.count(where: \.isConfirmed) == 20 - nacked)
            #expect(try await client.queueInfo(queue)?.messages == 20 - nacked)
        }
    }

    /// Fails when a closed channel fails all that was in flight; hangs when what was in flight is sent again all at once and not one
    /// by one (both in PublishChannel.didClose). Only the culprits are to blame.
    @Test(arguments: TestBroker.allCases) func oneBadMessageFailsAlone(_ broker: TestBroker) async throws {
        try await withClient(broker) { client, queue in
            try await client.declare(AMQPTopology(queues: [.init(name: queue)]))
            var batch = (0..<200).map { message(queue, $0) }
            batch[50].exchange = "no-such-exchange-1"
            batch[51].exchange = "no-such-exchange-2"
            batch[150].properties.expiration = "not a number"
            let outcomes = await client.publisher(window: 100).publish(batch)
            for (n, outcome) in outcomes.enumerated() {
                if [50, 51, 150].contains(n) {
                    #expect(outcome.error?.code == .channelClosed)
                    #expect(outcome.error?.replyCode == (n == 150 ? 406 : 404))
                    #expect(outcome.error?.replyText?.isEmpty == false)
                } else {
                    #expect(outcome.isConfirmed, "message \(n)")
                }
            }
            // What was in flight around a culprit may be there twice, but nothing is missing.
            let count = try #require(try await client.queueInfo(queue)).messages
            let taken = try await client.consumer(queue: queue).take(count)
            #expect(Set(taken.map(\.number)) == Set((0..<200).filter { ![50, 51, 150].contains($0) }))
        }
    }

    @Test func badMessagesNeverReachTheWire() async throws {
        try await withClient { client, queue in
            try await client.declare(AMQPTopology(queues: [.init(name: queue)]))
            let long = String(repeating: "x", count: 256)
            let outcomes = await client.publisher().publish([
                OutgoingMessage(exchange: long, routingKey: queue, body: []),
                OutgoingMessage(exchange: "", routingKey: long, body: []),
                OutgoingMessage(exchange: "", routingKey: queue, properties: .init(messageID: long), body: []),
                OutgoingMessage(exchange: "", routingKey: queue, properties: .init(headers: [long: 1]), body: []),
                OutgoingMessage(
                    exchange: "", routingKey: queue, properties: .init(headers: ["x": .string(String(repeating: "y", count: 100_000))]),
                    body: []),
                message(queue, 1),
            ])
            #expect(outcomes.dropLast().allSatisfy { $0.error?.code == .usage })
            #expect(outcomes.last?.isConfirmed == true)
        }
    }

    @Test func cancellingFailsWhatWasNotSent() async throws {
        // Nobody listens there, so nothing is ever sent.
        try await withClient(url: "amqp://127.0.0.1:1") { client, queue in
            let publisher = client.publisher()
            let task = Task { await publisher.publish([message(queue, 1), message(queue, 2)]) }
            await client.reaches(isDisconnected)
            task.cancel()
            #expect(await task.value.allSatisfy { $0.error?.code == .cancelled })
        }
    }

    @Test func withoutABrokerItFailsInTime() async throws {
        try await withClient(url: "amqp://127.0.0.1:1", configure: { $0.operationTimeout = .milliseconds(300) }) { client, queue in
            let outcome = await client.publisher().publish(message(queue, 1))
            #expect(outcome.error?.code == .connectionFailed)
            #expect(outcome.error?.isConnectionFailure == true)
            let error = await #expect(throws: AMQPError.self) { try await client.queueInfo(queue) }
            #expect(error?.code == .timeout)
            #expect(error?.isConnectionFailure == true)
        }
    }

    @Test(arguments: TestBroker.allCases) func afterCloseEverythingFails(_ broker: TestBroker) async throws {
        try await withClient(broker) { client, queue in
            let publisher = client.publisher()
            try await client.declare(AMQPTopology(queues: [.init(name: queue)]))
            #expect(await publisher.publish(message(queue, 1)).isConfirmed)
            let other = client.publisher()
            await other.close()
            #expect(await other.publish(message(queue, 1)).error?.code == .connectionClosed)
            await client.close()
            #expect(await publisher.publish(message(queue, 1)).error?.code == .connectionClosed)
            await #expect(throws: AMQPError.self) { try await client.declare(AMQPTopology()) }
            #expect(try await client.consumer(queue: queue).nextBatch(max: 1) == nil)
            #expect(!client.isConnected)
        }
    }

    /// Fails when a channel that was closed takes a request (PublishChannel.publish): both come while the client connects.
    @Test func aClosedPublisherPublishesNothingAnyMore() async throws {
        let silent = try FakeBroker { $0.ignore() }
        let outcomes = await within(.seconds(30)) {
            try? await withClient(url: "amqp://127.0.0.1:\(silent.port)", configure: { $0.connectTimeout = .seconds(4) }) { client, queue in
                let publisher = client.publisher()
                // Does not wait for the connection so long.
                await publisher.close()
                return await publisher.publish(message(queue, 1))
            }
        }
        #expect(outcomes??.error?.code == .connectionClosed)
    }
}
