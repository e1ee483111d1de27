/// A number in JSON, with its text: no digit is lost, however many there are.
public struct JSONNumber: Sendable {
    /// The digits as they were written: `1.50e3`.
    public let text: String

    /// A number that the scanner has checked.
    init(checked text: String) { self.text = text }

    /// A whole number.
    public init(_ value: some BinaryInteger) { text = String(value) }

    /// A floating-point number, in the shortest text that reads back as the same value.
    /// - Returns: nil for infinities and NaN, which JSON does not have.
    public init?(_ value: Double) {
        guard value.isFinite else { return nil }
        text = "\(value)"
    }

    /// Text in the form of RFC 8259, section 6; nil for any other.
    public init?(_ text: String) {
        guard case .number(let number)? = try? JSONValue.parse(Array(text.utf8)), number.text == text else { return nil }
        self = number
    }

    /// The value, when it is whole and fits; `3.0` and `3e2` are whole.
    public var int: Int? {
        if let value = Int(text) { return value }
        let decimal = Decimal10(text)
        // Int has at most 19 digits; more of them, even zeros, do not fit.
        guard !decimal.digits.isEmpty else { return 0 }
        guard decimal.point >= decimal.digits.count, decimal.point <= 19 else { return nil }
        let zeros = String(repeating: "0", count: decimal.point - decimal.digits.count)
        let digits = String(decoding: decimal.digits, as: UTF8.self) + zeros
        return Int((decimal.isNegative ? "-" : "") + digits)
    }

    /// The nearest floating-point value; infinite when the number is beyond the range of `Double`.
    public var double: Double { Double(text) ?? .nan }

    /// Whether the number is whole, of any size.
    public var isWhole: Bool {
        let decimal = Decimal10(text)
        return decimal.point >= decimal.digits.count || decimal.digits.isEmpty
    }
}

extension JSONNumber: Comparable {
    /// Whether the values are equal, whatever their text: `1`, `1.0` and `10e-1`.
    public static func == (lhs: JSONNumber, rhs: JSONNumber) -> Bool {
        lhs.text == rhs.text || Decimal10(lhs.text) == Decimal10(rhs.text)
    }

    /// Compares the values exactly.
    public static func < (lhs: JSONNumber, rhs: JSONNumber) -> Bool { Decimal10(lhs.text) < Decimal10(rhs.text) }
}

extension JSONNumber: CustomStringConvertible {
    /// The text.
    public var description: String { text }
}

/// A decimal number of any size: ±0.d₁d₂d₃… × 10^point, without zeros at either end of the digits.
private struct Decimal10: Comparable {
    var isNegative = false
    /// ASCII; empty for zero.
    var digits: [UInt8] = []
    var point = 0

    init(_ text: String) {
        var exponent = 0
        var rest = Substring(text)
        if let mark = rest.firstIndex(where: { $0 == "e" || $0 == "E" }) {
            let written = rest[rest.index(after: mark)...]
            // An exponent that no Int holds is as good as the largest that cannot overflow below.
            exponent = Int(written) ?? (written.hasPrefix("-") ? -(Int.max / 4) : Int.max / 4)
            exponent = min(max(exponent, -(Int.max / 4)), Int.max / 4)
            rest = rest[..<mark]
        }
        if rest.hasPrefix("-") {
            isNegative = true
            rest = rest.dropFirst()
        }
        let parts = rest.split(separator: ".", omittingEmptySubsequences: false)
        digits = parts.flatMap(\.utf8)
        point = (parts.first?.utf8.count ?? 0) + exponent
        let zeros = digits.prefix { $0 == 0x30 }.count
        digits.removeFirst(zeros)
        point -= zeros
        while digits.last == 0x30 { digits.removeLast() }
        if digits.isEmpty { (isNegative, point) = (false, 0) }
    }

    static func < (lhs: Decimal10, rhs: Decimal10) -> Bool {
        guard lhs.isNegative == rhs.isNegative else { return lhs.isNegative }
        return lhs.isNegative ? rhs.isSmaller(than: lhs) : lhs.isSmaller(than: rhs)
    }

    /// Compares without the signs.
    private func isSmaller(than other: Decimal10) -> Bool {
        guard !digits.isEmpty, !other.digits.isEmpty else { return digits.isEmpty && !other.digits.isEmpty }
        return point != other.point ? point < other.point : digits.lexicographicallyPrecedes(other.digits)
    }
}
