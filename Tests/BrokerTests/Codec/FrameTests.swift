import Broker
import NIOCore
import Testing

@Suite struct FrameTests {
    private func frames(_ buffer: ByteBuffer, limit: Int = 1 << 20) throws -> [(UInt8, UInt16, [UInt8])] {
        try buffer.withUnsafeReadableBytes { bytes in
            var found: [(UInt8, UInt16, [UInt8])] = []
            var offset = 0
            while let frame = try FrameScanner.frame(in: bytes, at: offset, limit: limit) {
                found.append((frame.type, frame.channel, Array(bytes[frame.payload])))
                offset = frame.end
            }
            #expect(offset == bytes.count)
            return found
        }
    }

    @Test func bodiesAreSplitByFrameMax() throws {
        for (size, count) in [(0, 0), (1, 1), (4_088, 1), (4_089, 2), (8_176, 2), (10_000, 3)] {
            var buffer = ByteBuffer()
            let body = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            buffer.writeContent(
                properties: BasicProperties().encoded(), body: ByteBuffer(bytes: body), channel: 3, frameMax: 4_096)
            let found = try frames(buffer, limit: 4_096 - 8)
            #expect(found.count == count + 1)
            #expect(found[0].0 == FrameType.header)
            #expect(found[0].2[4..<12].reduce(0) { $0 << 8 | Int($1) } == size)
            #expect(found.dropFirst().flatMap(\.2) == body)
            #expect(found.allSatisfy { $0.1 == 3 })
        }
    }

    @Test func theQuickDeliverIsTheOrdinaryOne() {
        var random = SeededGenerator(seed: 8)
        for _ in 0..<500 {
            let deliver = BasicDeliver(
                consumerTag: random.text(40), deliveryTag: random.next(), redelivered: Bool.random(using: &random),
                exchange: random.text(40), routingKey: random.text(40))
            var ordinary = ByteBuffer()
            ordinary.writeMethod(deliver, channel: 7)
            var quick = ByteBuffer()
            quick.writeDeliver(
                consumerTag: deliver.consumerTag, deliveryTag: deliver.deliveryTag, redelivered: deliver.redelivered,
                exchange: deliver.exchange, routingKey: deliver.routingKey, channel: 7)
            #expect(quick == ordinary)
        }
        var ordinary = ByteBuffer()
        ordinary.writeMethod(BasicAck(deliveryTag: 9, multiple: true), channel: 7)
        var quick = ByteBuffer()
        quick.writeAck(9, multiple: true, channel: 7)
        #expect(quick == ordinary)
    }

    /// A dead-letter routing key comes from a long string.
    @Test func deliverWithAKeyThatIsTooLong() throws {
        var buffer = ByteBuffer()
        let key = String(repeating: "ä", count: 200)
        buffer.writeDeliver(consumerTag: "t", deliveryTag: 1, redelivered: false, exchange: "", routingKey: key, channel: 1)
        let payload = try frames(buffer)[0].2
        let deliver = try payload.withUnsafeBytes { bytes in
            var reader = WireReader(UnsafeRawBufferPointer(rebasing: bytes[4...]))
            return try BasicDeliver(from: &reader)
        }
        #expect(deliver.routingKey == String(repeating: "ä", count: 127))
    }

    @Test func badFrames() {
        let good = ByteBuffer(bytes: [1, 0, 0, 0, 0, 0, 1, 9, 0xCE])
        #expect((try? frames(good))?.count == 1)
        for (place, value): (Int, UInt8) in [(0, 0), (0, 4), (0, 255), (3, 1), (8, 0xCD)] {
            var bad = good
            bad.setInteger(value, at: place)
            #expect { try frames(bad) } throws: { ($0 as? ProtocolFault)?.code == .frameError }
        }
    }
}
