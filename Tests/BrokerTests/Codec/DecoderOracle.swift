import Broker
import NIOCore

/// What must hold of the decoders that read what strangers send, for any bytes: they end, stay within the bytes, agree with
/// each other, and what they have read can be written and read again. The fuzzer and the seeded tests share it.
enum DecoderOracle {
    /// Holds the bytes against every decoder.
    /// - Returns: what is wrong, or nil.
    static func fault(in bytes: UnsafeRawBufferPointer) -> String? {
        frames(bytes) ?? tables(bytes) ?? properties(bytes) ?? methods(bytes) ?? logins(bytes)
    }

    // MARK: Frames

    private static func frames(_ bytes: UnsafeRawBufferPointer) -> String? {
        var offset = 0
        while true {
            let length: Int?
            let frame: Frame?
            do throws(ProtocolFault) {
                length = try FrameScanner.frameLength(in: bytes, at: offset, limit: 131_072)
            } catch {
                let isRefused = (try? FrameScanner.frame(in: bytes, at: offset, limit: 131_072)) == nil
                return isRefused ? expect(error, [.frameError]) : "a frame is read whose header is refused"
            }
            do throws(ProtocolFault) {
                frame = try FrameScanner.frame(in: bytes, at: offset, limit: 131_072)
            } catch {
                return expect(error, [.frameError])
            }
            guard let frame else {
                return length.map { $0 <= bytes.count - offset } == true ? "a whole frame is waited for" : nil
            }
            guard frame.end == offset + (length ?? -1), frame.end <= bytes.count, frame.payload.lowerBound == offset + 7 else {
                return "frame \(frame) at \(offset) of \(bytes.count)"
            }
            if let fault = method(UnsafeRawBufferPointer(rebasing: bytes[frame.payload])) { return fault }
            offset = frame.end
        }
    }

    // MARK: Methods

    /// The bytes as the payload of a method frame.
    private static func method(_ payload: UnsafeRawBufferPointer) -> String? {
        guard payload.count >= 4 else { return nil }
        let number = payload.bigEndian32(at: 0)
        guard let type = MethodTable.all.first(where: { $0.id.rawValue == number }) else { return nil }
        return fields(UnsafeRawBufferPointer(rebasing: payload[4...]), type)
    }

    /// The first byte chooses the method, the rest are its fields: most random bytes name no method.
    private static func methods(_ bytes: UnsafeRawBufferPointer) -> String? {
        guard let choice = bytes.first else { return nil }
        let type = MethodTable.all[Int(choice) % MethodTable.all.count]
        return fields(UnsafeRawBufferPointer(rebasing: bytes[1...]), type)
    }

    private static func fields<M: Method>(_ bytes: UnsafeRawBufferPointer, _ type: M.Type) -> String? {
        var reader = WireReader(bytes)
        let first: ByteBuffer
        do throws(ProtocolFault) {
            first = written(try M(from: &reader))
        } catch {
            return expect(error, [.frameError, .syntaxError])
        }
        guard reader.offset <= bytes.count else { return "\(M.id) reads \(reader.offset) of \(bytes.count) bytes" }
        let second: ByteBuffer? = first.withUnsafeReadableBytes { raw in
            var reader = WireReader(raw)
            guard let again = try? M(from: &reader), reader.isAtEnd else { return nil }
            return written(again)
        }
        return second == first ? nil : "\(M.id) is not what was written"
    }

    private static func written(_ method: some Method) -> ByteBuffer {
        var buffer = ByteBuffer()
        method.write(to: &buffer)
        return buffer
    }

    // MARK: Tables

    private static func tables(_ bytes: UnsafeRawBufferPointer) -> String? {
        var reader = WireReader(bytes)
        var skipper = WireReader(bytes)
        let table = outcome { () throws(ProtocolFault) in try reader.table() }
        let skipped = outcome { () throws(ProtocolFault) in try skipper.skipTable() }
        switch (table, skipped) {
        case (.failure(let error), .failure(let other)):
            return error == other ? expect(error, [.frameError, .syntaxError]) : "\(error.replyText) and \(other.replyText)"
        case (.success, .failure(let error)), (.failure(let error), .success): return "only one of two readers says: \(error.replyText)"
        case (.success(let table), .success):
            guard reader.offset == skipper.offset else { return "a table of \(reader.offset) bytes is skipped as \(skipper.offset)" }
            var buffer = ByteBuffer()
            buffer.writeTable(table)
            return buffer.withUnsafeReadableBytes { raw in
                var reader = WireReader(raw)
                // Numbers that are none are equal to nothing: the bytes are compared.
                guard let again = try? reader.table(), reader.isAtEnd else { return "a table cannot be read after it was written" }
                var second = ByteBuffer()
                second.writeTable(again)
                return second == buffer ? nil : "a table is not what was written"
            }
        }
    }

    // MARK: Properties

    /// Whatever is let in as a message can be decoded when somebody needs it, dead-lettering for example.
    private static func properties(_ bytes: UnsafeRawBufferPointer) -> String? {
        let scan = outcome { () throws(ProtocolFault) in try PropertyScan(bytes) }
        guard case .success(let scan) = scan else {
            if case .failure(let error) = scan { return expect(error, [.frameError, .syntaxError, .preconditionFailed]) }
            return nil
        }
        guard let decoded = try? BasicProperties(from: ByteBuffer(bytes: bytes)) else {
            return "a message was let in and its properties cannot be decoded"
        }
        guard MessageAttributes(decoded) == scan.attributes else {
            return "\(MessageAttributes(decoded)) was taken for \(scan.attributes)"
        }
        let encoded = decoded.encoded()
        guard let again = try? BasicProperties(from: encoded), again.encoded() == encoded else {
            return "properties are not what was written"
        }
        return nil
    }

    private static func logins(_ bytes: UnsafeRawBufferPointer) -> String? {
        for mechanism in ["PLAIN", "AMQPLAIN"] {
            do throws(ProtocolFault) {
                _ = try Credentials(mechanism: mechanism, response: Array(bytes), external: false)
            } catch {
                if let fault = expect(error, [.frameError, .syntaxError]) { return fault }
            }
        }
        return nil
    }

    // MARK: -

    private static func outcome<Value>(_ body: () throws(ProtocolFault) -> Value) -> Result<Value, ProtocolFault> {
        do throws(ProtocolFault) { return .success(try body()) } catch { return .failure(error) }
    }

    private static func expect(_ fault: ProtocolFault, _ codes: Set<ReplyCode>) -> String? {
        codes.contains(fault.code) ? nil : "malformed bytes are answered with \(fault.replyText)"
    }
}
