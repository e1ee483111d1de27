/// Writes big-endian fields into memory whose size the caller has computed.
///
/// Every write is checked against the end (a slip in the computation stops the process instead of damaging it).
struct RawWriter {
    private let target: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    @inline(__always)
    init(_ target: UnsafeMutableRawBufferPointer) { self.target = target }

    @inline(__always)
    mutating func octet(_ value: UInt8) {
        precondition(count < target.count)
        target[count] = value
        count += 1
    }

    @inline(__always)
    mutating func short(_ value: UInt16) { store(value.bigEndian) }
    @inline(__always)
    mutating func long(_ value: UInt32) { store(value.bigEndian) }
    @inline(__always)
    mutating func longLong(_ value: UInt64) { store(value.bigEndian) }

    @inline(__always)
    mutating func copy(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress, let start = target.baseAddress, bytes.count > 0 else { return }
        precondition(bytes.count <= target.count - count)
        (start + count).copyMemory(from: base, byteCount: bytes.count)
        count += bytes.count
    }

    /// A short string that is known to have at most 255 bytes.
    @inline(__always)
    mutating func shortString(_ text: String) {
        octet(UInt8(text.utf8.count))
        let copied: Void? = text.utf8.withContiguousStorageIfAvailable { copy(UnsafeRawBufferPointer($0)) }
        if copied == nil { for byte in text.utf8 { octet(byte) } }
    }

    @inline(__always)
    private mutating func store<Value: FixedWidthInteger>(_ value: Value) {
        precondition(MemoryLayout<Value>.size <= target.count - count)
        target.storeBytes(of: value, toByteOffset: count, as: Value.self)
        count += MemoryLayout<Value>.size
    }
}
