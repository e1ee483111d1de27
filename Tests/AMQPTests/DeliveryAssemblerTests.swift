import AMQP
import Testing

@Suite struct DeliveryAssemblerTests {
    private let start = DeliveryAssembler.Start.delivery(tag: 1, redelivered: false, exchange: "e", routingKey: "k")

    private func feed(_ assembler: inout DeliveryAssembler, _ bytes: [UInt8]) throws -> DeliveryAssembler.Message? {
        try bytes.withUnsafeBytes { try assembler.body($0) }
    }

    @Test func joinsFragments() throws {
        var assembler = DeliveryAssembler(maximumSize: 100)
        try assembler.begin(start)
        #expect(!assembler.isIdle)
        #expect(try assembler.header(size: 5, properties: MessageProperties(type: "t")) == nil)
        #expect(try feed(&assembler, [1, 2]) == nil)
        #expect(try feed(&assembler, []) == nil)
        let message = try #require(try feed(&assembler, [3, 4, 5]))
        #expect(message.body == [1, 2, 3, 4, 5])
        #expect(message.properties.type == "t")
        #expect(message.start == start)
        #expect(assembler.isIdle)
    }

    @Test func anEmptyBodyEndsWithTheHeader() throws {
        var assembler = DeliveryAssembler(maximumSize: 100)
        try assembler.begin(start)
        #expect(try assembler.header(size: 0, properties: MessageProperties())?.body == [])
        #expect(assembler.isIdle)
    }

    @Test func refusesFramesOutOfTurn() throws {
        var assembler = DeliveryAssembler(maximumSize: 100)
        #expect(throws: AMQPError.self) { try assembler.header(size: 1, properties: MessageProperties()) }
        #expect(throws: AMQPError.self) { try feed(&assembler, [1]) }
        try assembler.begin(start)
        #expect(throws: AMQPError.self) { try assembler.begin(start) }
        #expect(throws: AMQPError.self) { try feed(&assembler, [1]) }
        _ = try assembler.header(size: 2, properties: MessageProperties())
        #expect(throws: AMQPError.self) { try assembler.header(size: 2, properties: MessageProperties()) }
        #expect(throws: AMQPError.self) { try feed(&assembler, [1, 2, 3]) }
        assembler.reset()
        #expect(assembler.isIdle)
        try assembler.begin(start)
    }

    /// Fails when the announced size is believed: 16 EiB would be reserved.
    @Test func refusesGiants() throws {
        var assembler = DeliveryAssembler(maximumSize: 100)
        try assembler.begin(start)
        #expect(throws: AMQPError.self) { try assembler.header(size: .max, properties: MessageProperties()) }
        var large = DeliveryAssembler(maximumSize: .max)
        try large.begin(start)
        #expect(try large.header(size: 1 << 50, properties: MessageProperties()) == nil)
    }
}
