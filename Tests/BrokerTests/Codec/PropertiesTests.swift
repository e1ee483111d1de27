import Broker
import NIOCore
import Testing

@Suite struct PropertiesTests {
    private func scan(_ buffer: ByteBuffer) throws -> PropertyScan { try buffer.withUnsafeReadableBytes { try PropertyScan($0) } }

    @Test func roundTrip() throws {
        var random = SeededGenerator(seed: 5)
        for _ in 0..<2_000 {
            let properties = random.properties()
            let encoded = properties.encoded()
            #expect(try BasicProperties(from: encoded) == properties)
            #expect(try scan(encoded).attributes == MessageAttributes(properties))
        }
    }

    @Test func scanFindsWhatTheBrokerMustKnow() throws {
        var properties = BasicProperties()
        properties.replyTo = "amq.rabbitmq.reply-to"
        properties.userID = "guest"
        let encoded = properties.encoded()
        try encoded.withUnsafeReadableBytes { bytes in
            let scan = try PropertyScan(bytes)
            #expect(scan.wantsDirectReply)
            #expect(scan.userID.map { String(decoding: $0, as: UTF8.self) } == "guest")
        }
    }

    @Test(arguments: ["", "x", "12a", "-1", "315360000001", "99999999999999999999"])
    func expirationsThatAreNone(_ text: String) {
        var properties = BasicProperties()
        properties.expiration = text
        #expect { try scan(properties.encoded()) } throws: { ($0 as? ProtocolFault)?.code == .preconditionFailed }
    }

    @Test func damagedPropertiesNeverCrash() {
        var random = SeededGenerator(seed: 12)
        for _ in 0..<20_000 {
            var buffer = random.properties().encoded()
            for _ in 0..<3 {
                buffer.setInteger(
                    UInt8.random(in: .min ... .max, using: &random), at: Int.random(in: 0..<buffer.readableBytes, using: &random))
            }
            buffer = buffer.getSlice(at: 0, length: Int.random(in: 0...buffer.readableBytes, using: &random)) ?? ByteBuffer()
            _ = try? scan(buffer)
            _ = try? BasicProperties(from: buffer)
        }
    }
}
