/// The W3C trace context of a message or request (`traceparent`, W3C Trace Context, section 3.2).
public struct TraceParent: Sendable, Hashable {
    /// The upper half of the trace's sixteen bytes.
    public let traceHigh: UInt64
    /// The lower half of the trace's sixteen bytes. Both halves are never zero together.
    public let traceLow: UInt64
    /// The span that caused this one. Never zero.
    public let spanID: UInt64
    /// The flags; bit 0 says that the caller records the trace.
    public let flags: UInt8

    /// Whether the caller records the trace.
    public var isSampled: Bool { flags & 1 != 0 }

    /// The start of a new trace, with random identifiers.
    public init(sampled: Bool = true) {
        self.init(
            traceHigh: RandomWords.next(), traceLow: max(1, RandomWords.next()), spanID: max(1, RandomWords.next()),
            flags: sampled ? 1 : 0)
    }

    private init(traceHigh: UInt64, traceLow: UInt64, spanID: UInt64, flags: UInt8) {
        self.traceHigh = traceHigh
        self.traceLow = traceLow
        self.spanID = spanID
        self.flags = flags
    }

    /// Reads `00-<32 hex>-<16 hex>-<2 hex>`.
    ///
    /// As the standard asks: upper-case digits, all-zero identifiers and version `ff` are refused; a version
    /// higher than 00 may have more fields after the flags.
    /// - Returns: nil when the text is not a valid header; the caller then starts a new trace.
    public init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        let dash = UInt8(ascii: "-")
        guard bytes.count >= 55, bytes[2] == dash, bytes[35] == dash, bytes[52] == dash,
            let version = Self.number(bytes[0..<2]), version != 0xFF,
            version == 0 ? bytes.count == 55 : bytes.count == 55 || bytes[55] == dash,
            let high = Self.number(bytes[3..<19]), let low = Self.number(bytes[19..<35]), high | low != 0,
            let span = Self.number(bytes[36..<52]), span != 0,
            let flags = Self.number(bytes[53..<55])
        else { return nil }
        self.init(traceHigh: high, traceLow: low, spanID: span, flags: UInt8(flags) & (version == 0 ? 0xFF : 1))
    }

    /// A new span in the same trace.
    public func child() -> TraceParent {
        TraceParent(traceHigh: traceHigh, traceLow: traceLow, spanID: max(1, RandomWords.next()), flags: flags)
    }

    /// The 32 hexadecimal digits of the trace, as logs show them.
    public var traceID: String { String(description.dropFirst(3).prefix(32)) }

    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for byte in digits {
            guard !(0x41...0x46).contains(byte), let digit = Hex.value(byte) else { return nil }
            value = value << 4 | UInt64(digit)
        }
        return value
    }
}

extension TraceParent: CustomStringConvertible {
    /// The header: `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`.
    public var description: String {
        String(unsafeUninitializedCapacity: 55) { target in
            var position = 0
            func write(_ value: UInt64, digits: Int) {
                for shift in stride(from: (digits - 1) * 4, through: 0, by: -4) {
                    target[position] = Hex.digit(UInt8(truncatingIfNeeded: value >> UInt64(shift)) & 0xF)
                    position += 1
                }
            }
            func dash() {
                target[position] = UInt8(ascii: "-")
                position += 1
            }
            write(0, digits: 2)
            dash()
            write(traceHigh, digits: 16)
            write(traceLow, digits: 16)
            dash()
            write(spanID, digits: 16)
            dash()
            write(UInt64(flags), digits: 2)
            return position
        }
    }
}
