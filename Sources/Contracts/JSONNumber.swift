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
struct Decimal10: Comparable, Hashable {
    var isNegative = false
    /// ASCII; empty for zero.
    var digits: [UInt8] = []
    var point = 0
    /// Whether the exponent is so large that no `Int` holds it; `point` is then only as good as the largest.
    var isBeyondExponents = false

    /// Reads the text of a number that has been checked.
    init(_ text: String) {
        var text = text
        self = text.withUTF8(Decimal10.init(utf8:))
    }

    private init(utf8: UnsafeBufferPointer<UInt8>) {
        let mark = utf8.firstIndex { $0 | 0x20 == UInt8(ascii: "e") } ?? utf8.count
        if mark < utf8.count { readExponent(utf8[(mark + 1)...]) }
        var afterPoint = false
        for byte in utf8[..<mark] {
            switch byte {
            case UInt8(ascii: "-"): isNegative = true
            case UInt8(ascii: "."): afterPoint = true
            case 0x30 where digits.isEmpty: if afterPoint { point -= 1 }
            default:
                digits.append(byte)
                if !afterPoint { point += 1 }
            }
        }
        while digits.last == 0x30 { digits.removeLast() }
        if digits.isEmpty { (isNegative, point, isBeyondExponents) = (false, 0, false) }
    }

    private mutating func readExponent(_ text: Slice<UnsafeBufferPointer<UInt8>>) {
        let limit = Int.max / 4  // cannot overflow together with any number of digits
        for byte in text where byte &- 0x30 < 10 {
            point = point * 10 + Int(byte - 0x30)
            guard point > limit / 10 else { continue }
            (point, isBeyondExponents) = (limit, true)
            break
        }
        if text.first == UInt8(ascii: "-") { point = -point }
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
