import Broker
import NIOCore
import Testing

@Suite struct FieldTableTests {
    private func read(_ buffer: ByteBuffer) throws -> FieldTable {
        try buffer.withUnsafeReadableBytes { bytes in
            var reader = WireReader(bytes)
            let table = try reader.table()
            #expect(reader.isAtEnd)
            return table
        }
    }

    private func skip(_ buffer: ByteBuffer) throws {
        try buffer.withUnsafeReadableBytes { bytes in
            var reader = WireReader(bytes)
            try reader.skipTable()
        }
    }

    private func isReadable(_ buffer: ByteBuffer) -> Bool {
        buffer.withUnsafeReadableBytes { bytes -> Bool in
            var reader = WireReader(bytes)
            return (try? reader.table()) != nil
        }
    }

    @Test func roundTrips() throws {
        var random = SeededGenerator(seed: 4_255)
        for _ in 0..<2_000 {
            let table = random.table()
            var buffer = ByteBuffer()
            buffer.writeTable(table)
            #expect(try read(buffer) == table)
            try skip(buffer)
        }
    }

    /// The letters that RabbitMQ reads though it never writes them.
    @Test(arguments: [("L", FieldValue.int64(-1)), ("U", .int16(-1))])
    func otherLetters(_ letter: String, _ value: FieldValue) throws {
        var buffer = ByteBuffer()
        buffer.writeTable(["k": value])
        let place = 4 + 2
        buffer.setString(letter, at: place)
        #expect(try read(buffer) == ["k": value])
    }

    private func nested(_ depth: Int) -> ByteBuffer {
        var table: FieldTable = [:]
        for _ in 1..<depth { table = ["t": .table(table)] }
        var buffer = ByteBuffer()
        buffer.writeTable(table)
        return buffer
    }

    /// Fails when the depth is not counted: a deeper table overflows the stack of clients that read it by recursion.
    @Test func depthIsLimited() throws {
        _ = try read(nested(32))
        try skip(nested(32))
        #expect { try read(nested(33)) } throws: { ($0 as? ProtocolFault)?.code == .syntaxError }
        #expect { try skip(nested(33)) } throws: { ($0 as? ProtocolFault)?.code == .syntaxError }
    }

    @Test func fieldsAreLimited() {
        var table = FieldTable()
        for number in 0...TableLimits.fields { table.append("\(number)", .void) }
        var buffer = ByteBuffer()
        buffer.writeTable(table)
        #expect { try read(buffer) } throws: { ($0 as? ProtocolFault)?.code == .syntaxError }
    }

    /// A seeded mutation of good tables: both readers agree on what is good, and never read past the end.
    @Test func damagedTablesNeverCrash() {
        var random = SeededGenerator(seed: 77)
        for _ in 0..<20_000 {
            var buffer = ByteBuffer()
            buffer.writeTable(random.table())
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<buffer.readableBytes, using: &random)
                buffer.setInteger(UInt8.random(in: .min ... .max, using: &random), at: place)
            }
            buffer = buffer.getSlice(at: 0, length: Int.random(in: 0...buffer.readableBytes, using: &random)) ?? ByteBuffer()
            if isReadable(buffer) { #expect(throws: Never.self) { try skip(buffer) } }
        }
    }
}
