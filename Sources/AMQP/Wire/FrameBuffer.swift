/// Frames on their way out, made here and sent many at a time.
///
/// Publishing a message takes three frames; the library sends each by a call of its own, which costs more than all else.
/// Belongs to one thread.
final class FrameBuffer {
    private var memory: UnsafeMutableRawBufferPointer
    private(set) var count = 0
    /// Why nothing can be sent any more.
    var failure: AMQPError?

    /// More bytes than this are not held back.
    static let enough = 64 << 10

    init() { memory = .allocate(byteCount: 2 * Self.enough, alignment: 16) }

    deinit { memory.deallocate() }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }

    /// Forgets the first bytes.
    func drop(_ size: Int) {
        memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[size..<count]))
        count -= size
    }

    private func reserve(_ size: Int) {
        guard count + size > memory.count else { return }
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: max(2 * memory.count, count + size), alignment: 16)
        larger.copyMemory(from: bytes)
        memory.deallocate()
        memory = larger
    }

    // MARK: - Numbers and texts

    func append<T: FixedWidthInteger>(_ number: T) {
        reserve(MemoryLayout<T>.size)
        memory.storeBytes(of: number.bigEndian, toByteOffset: count, as: T.self)
        count += MemoryLayout<T>.size
    }

    func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, !bytes.isEmpty else { return }
        reserve(bytes.count)
        UnsafeMutableRawBufferPointer(rebasing: memory[count...]).baseAddress?.copyMemory(from: source, byteCount: bytes.count)
        count += bytes.count
    }

    /// A text of at most 255 bytes, which the caller has checked.
    func append(short text: String) {
        var text = text
        text.withUTF8 { utf8 in
            append(UInt8(truncatingIfNeeded: utf8.count))
            append(UnsafeRawBufferPointer(utf8))
        }
    }

    private func append(long text: String) {
        var text = text
        text.withUTF8 { utf8 in
            append(UInt32(truncatingIfNeeded: utf8.count))
            append(UnsafeRawBufferPointer(utf8))
        }
    }

    // MARK: - Frames

    /// Makes one frame; its payload is what `body` appends.
    func frame(_ type: UInt8, channel: UInt16, _ body: () -> Void) {
        append(type)
        append(channel)
        sized(body)
        append(UInt8(0xCE))
    }

    /// A field table.
    func append(_ table: AMQPTable) {
        sized {
            for (name, value) in table {
                append(short: name)
                append(value)
            }
        }
    }

    /// Appends how many bytes `body` appends, and those.
    private func sized(_ body: () -> Void) {
        let start = count
        append(UInt32(0))
        body()
        memory.storeBytes(of: UInt32(truncatingIfNeeded: count - start - 4).bigEndian, toByteOffset: start, as: UInt32.self)
    }

    private func append(_ value: AMQPValue) {
        append(value.kind)
        switch value {
        case .bool(let flag): append(flag ? 1 as UInt8 : 0)
        case .int8(let n): append(n)
        case .uint8(let n): append(n)
        case .int16(let n): append(n)
        case .uint16(let n): append(n)
        case .int32(let n): append(n)
        case .uint32(let n): append(n)
        case .int64(let n): append(n)
        case .uint64(let n): append(n)
        case .float(let n): append(n.bitPattern)
        case .double(let n): append(n.bitPattern)
        case .decimal(let scale, let n):
            append(scale)
            append(n)
        case .string(let text): append(long: text)
        case .bytes(let raw):
            append(UInt32(truncatingIfNeeded: raw.count))
            raw.withUnsafeBytes { append($0) }
        case .timestamp(let seconds): append(seconds)
        case .table(let inner): append(inner)
        case .array(let values): sized { for value in values { append(value) } }
        case .null: break
        }
    }
}
