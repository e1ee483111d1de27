/// Where parameters are encoded: bytes in PostgreSQL's binary format, integers in network order.
public struct PostgresBuffer: Sendable, Equatable {
    /// What has been written.
    public private(set) var bytes: [UInt8] = []

    /// An empty buffer.
    public init() {}

    /// How many bytes have been written.
    public var count: Int { bytes.count }

    /// Makes room.
    public mutating func reserveCapacity(_ capacity: Int) { bytes.reserveCapacity(capacity) }

    /// Writes an integer in network byte order.
    public mutating func write<I: FixedWidthInteger>(integer: I) {
        Swift.withUnsafeBytes(of: integer.bigEndian) { bytes.append(contentsOf: $0) }
    }

    /// Writes bytes as they are.
    public mutating func write(bytes more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }

    /// Overwrites four bytes written before, for lengths that are known only afterwards.
    mutating func patch(int32 value: Int32, at offset: Int) {
        Swift.withUnsafeBytes(of: value.bigEndian) { source in
            for index in 0..<4 { bytes[offset + index] = source[index] }
        }
    }

    func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R { bytes.withUnsafeBytes(body) }
}
