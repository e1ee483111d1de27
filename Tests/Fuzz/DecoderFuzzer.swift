import Broker
import NIOCore

/// libFuzzer's entry over the decoders that read what strangers send: frames, methods, properties and field tables.
///
/// Built only on request, since it needs `-sanitize=fuzzer`: see the target `decoder-fuzzer` in Package.swift. The seeded tests
/// in `BrokerTests` (`damagedTablesNeverCrash`, `DamagedSessionTests`) cover the same ground in every run.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let bytes = UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count)
    readFrames(bytes)
    var reader = WireReader(bytes)
    _ = try? reader.table()
    _ = try? PropertyScan(bytes)
    var properties = WireReader(bytes)
    _ = try? BasicProperties(from: &properties)
    return 0
}

private func readFrames(_ bytes: UnsafeRawBufferPointer) {
    var offset = 0
    while let frame = try? FrameScanner.frame(in: bytes, at: offset, limit: 131_072) {
        let payload = UnsafeRawBufferPointer(rebasing: bytes[frame.payload])
        if payload.count >= 4, let method = MethodTable.all.first(where: { $0.id.rawValue == payload.bigEndian32(at: 0) }) {
            var reader = WireReader(UnsafeRawBufferPointer(rebasing: payload[4...]))
            if let decoded = try? method.init(from: &reader) {
                var written = ByteBuffer()
                written.writeMethod(decoded, channel: frame.channel)
            }
        }
        offset = frame.end
    }
}
