import Broker
import NIOCore
import Testing

/// Good bytes with a few changes, by the ten thousand, held against `DecoderOracle`. All of it follows from the seed.
///
/// `scripts/fuzz` does the same with libFuzzer, which learns from the branches that it reaches.
@Suite struct DecoderFuzzTests {
    private static var rounds: Int {
        #if DEBUG
            10_000
        #else
            40_000
        #endif
    }

    /// Fails when the reader of tables and the one that skips them disagree (an unknown type that only one of them refuses),
    /// when a length is not checked against what is left, and when properties that are let in cannot be decoded (text that is
    /// no UTF-8, tables deeper than the default).
    @Test(arguments: 0..<4 as Range<UInt64>) func damagedBytesKeepTheRules(_ part: UInt64) {
        var random = SeededGenerator(seed: 40_000 + part)
        for round in 0..<Self.rounds {
            var bytes = Self.sample(&random)
            for _ in 0..<Int.random(in: 0...4, using: &random) { Self.damage(&bytes, &random) }
            if let fault = bytes.withUnsafeBytes({ DecoderOracle.fault(in: $0) }) {
                Issue.record("part \(part), round \(round): \(fault)\n\(bytes)")
                return
            }
        }
    }

    /// Something whole: frames, a table, properties, a login, or the fields of a method behind the byte that chooses it.
    private static func sample(_ random: inout SeededGenerator) -> [UInt8] {
        var buffer = ByteBuffer()
        switch Int.random(in: 0..<6, using: &random) {
        case 0:
            for _ in 0..<Int.random(in: 1...3, using: &random) { writeMethodFrame(&buffer, &random) }
        case 1:
            buffer.writeContent(
                properties: random.properties().encoded(), body: ByteBuffer(bytes: random.bytes(300)), channel: 1, frameMax: 200)
        case 2: buffer.writeTable(random.table())
        case 3: buffer.writeImmutableBuffer(random.properties().encoded())
        case 4:
            buffer.writeTable(["LOGIN": .string(random.text(8)), "PASSWORD": .string(random.bytes(8))])
            buffer.moveReaderIndex(forwardBy: 4)
        default:
            let index = Int.random(in: 0..<MethodTable.all.count, using: &random)
            buffer.writeInteger(UInt8(index))
            buffer.writeImmutableBuffer(random.fields(of: MethodTable.all[index].layout))
        }
        return Array(buffer.readableBytesView)
    }

    private static func writeMethodFrame(_ buffer: inout ByteBuffer, _ random: inout SeededGenerator) {
        guard let type = MethodTable.all.randomElement(using: &random) else { return }
        var payload = ByteBuffer(integer: type.id.rawValue)
        payload.writeImmutableBuffer(random.fields(of: type.layout))
        buffer.writeBytes(MalformedFramesTests.frame(1, 1, Array(payload.readableBytesView)))
    }

    private static let edges: [UInt8] = [0, 1, 0x7F, 0x80, 0xCE, 0xFF] + Array("tSFAlxVTDQ".utf8)

    private static func damage(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
        guard !bytes.isEmpty else { return }
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<7, using: &random) {
        case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1: bytes[place] = edges.randomElement(using: &random) ?? 0
        case 2: bytes[place] &+= Bool.random(using: &random) ? 1 : 255
        case 3: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...4, using: &random)))
        case 4: bytes.insert(contentsOf: random.bytes(4), at: place)
        case 5: bytes.removeLast(Int.random(in: 0...min(8, bytes.count), using: &random))
        default:
            let end = min(bytes.count, place + Int.random(in: 1...16, using: &random))
            bytes.insert(contentsOf: bytes[place..<end], at: Int.random(in: 0...bytes.count, using: &random))
        }
    }

    /// What a message carries survives its dead-lettering, also where its text is no UTF-8: the scan of properties lets it in,
    /// as RabbitMQ does. Fails when such text cannot be decoded: then the copy has no properties at all, and is not persistent.
    @Test func messagesKeepPropertiesThatAreNoText() throws {
        let harness = try MachineHarness()
        let client = try harness.open()
        try client.declare("dead")
        try client.declare("q", ["x-dead-letter-exchange": .string(""), "x-dead-letter-routing-key": .string("dead")])
        // content-type "\u{FF}x" as a single byte, headers {h: 1}, delivery-mode 2.
        let properties: [UInt8] = [0xB0, 0x00, 2, 0xFF, 0x78, 0, 0, 0, 4, 1, 0x68, 0x74, 1, 2]
        client.send(
            bytes: MalformedFramesTests.publish + MalformedFramesTests.header(size: 1, properties) + MalformedFramesTests.frame(3, 1, [1]))
        client.send(BasicGet(queue: "q"))
        let tag = try client.take(BasicGetOK.self).deliveryTag
        _ = try client.takeContent()
        client.send(BasicReject(deliveryTag: tag, requeue: false))
        client.send(BasicGet(queue: "dead"))
        _ = try client.take(BasicGetOK.self)
        let content = try client.takeContent()
        #expect(content.properties.deliveryMode == 2)
        #expect(content.properties.headers?["h"] == .bool(true))
        #expect(content.properties.contentType == "\u{FFFD}x")
    }
}
