/// Writes little-endian integers and bytes one after another into memory of known size.
///
/// The caller has counted the bytes beforehand; writing past the end is a mistake in the code and stops the program.
struct LogWriter {
    private let target: UnsafeMutableRawBufferPointer
    private(set) var offset: Int

    init(_ target: UnsafeMutableRawBufferPointer, at offset: Int = 0) {
        self.target = target
        self.offset = offset
    }

    @inline(__always)
    mutating func put<Value: FixedWidthInteger>(_ value: Value) {
        target.storeBytes(of: value.littleEndian, toByteOffset: offset, as: Value.self)
        offset += MemoryLayout<Value>.size
    }

    @inline(__always)
    mutating func put(bytes: UnsafeRawBufferPointer) {
        guard bytes.count > 0 else { return }
        UnsafeMutableRawBufferPointer(rebasing: target[offset...]).copyMemory(from: bytes)
        offset += bytes.count
    }

    /// Fills up to `end` with zeros.
    @inline(__always)
    mutating func pad(to end: Int) {
        while offset < end {
            target[offset] = 0
            offset += 1
        }
    }
}

/// Reads what `LogWriter` wrote; nil where the bytes end too early.
struct LogReader {
    private let source: UnsafeRawBufferPointer
    private(set) var offset: Int

    init(_ source: UnsafeRawBufferPointer, at offset: Int = 0) {
        self.source = source
        self.offset = offset
    }

    var remaining: Int { source.count - offset }

    @inline(__always)
    mutating func get<Value: FixedWidthInteger>(_: Value.Type = Value.self) -> Value? {
        guard remaining >= MemoryLayout<Value>.size else { return nil }
        defer { offset += MemoryLayout<Value>.size }
        return Value(littleEndian: source.loadUnaligned(fromByteOffset: offset, as: Value.self))
    }

    @inline(__always)
    mutating func skip(_ count: Int) -> Bool {
        guard count >= 0, remaining >= count else { return false }
        offset += count
        return true
    }

    /// The next bytes, which stay valid as long as the source does.
    mutating func bytes(_ count: Int) -> UnsafeRawBufferPointer? {
        guard count >= 0, remaining >= count else { return nil }
        defer { offset += count }
        return UnsafeRawBufferPointer(rebasing: source[offset..<offset + count])
    }
}
