#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// `numeric` in binary: a count of base-10,000 digits, the weight of the first, the sign, the number of decimals shown, the digits
/// (src/backend/utils/adt/numeric.c).
extension Decimal: PostgresCodable, PostgresArrayElement {
    private static var negative: UInt16 { 0x4000 }
    private static var notANumber: UInt16 { 0xC000 }

    /// `numeric`
    public static var postgresType: PostgresType { .numeric }
    /// `numeric[]`
    public static var postgresArrayType: PostgresType { .numericArray }

    /// The exact value.
    public func encode(into buffer: inout PostgresBuffer) throws(PostgresError) {
        if isNaN { return Self.writeHeader(count: 0, weight: 0, sign: Self.notANumber, scale: 0, into: &buffer) }
        var text = Array(description.utf8)
        let isNegative = text.first == UInt8(ascii: "-")
        if isNegative { text.removeFirst() }
        let point = text.firstIndex(of: UInt8(ascii: ".")) ?? text.count
        var whole = Array(text[..<point])
        var fraction = point < text.count ? Array(text[(point + 1)...]) : []
        guard (whole + fraction).allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            throw PostgresError(code: .encoding, message: "a Decimal cannot be written as digits")
        }
        let scale = fraction.count
        let zero = UInt8(ascii: "0")
        while whole.count % 4 != 0 { whole.insert(zero, at: 0) }
        while fraction.count % 4 != 0 { fraction.append(zero) }
        let digits = whole + fraction
        var groups: [UInt16] = stride(from: 0, to: digits.count, by: 4).map { start in
            digits[start..<start + 4].reduce(0) { $0 * 10 + UInt16($1 - zero) }
        }
        var weight = whole.count / 4 - 1
        while let first = groups.first, first == 0 {
            groups.removeFirst()
            weight -= 1
        }
        while let last = groups.last, last == 0 { groups.removeLast() }
        if groups.isEmpty { weight = 0 }
        Self.writeHeader(
            count: groups.count, weight: weight, sign: isNegative && !groups.isEmpty ? Self.negative : 0, scale: scale,
            into: &buffer)
        for group in groups { buffer.write(integer: group) }
    }

    private static func writeHeader(count: Int, weight: Int, sign: UInt16, scale: Int, into buffer: inout PostgresBuffer) {
        buffer.write(integer: UInt16(count))
        buffer.write(integer: Int16(weight))
        buffer.write(integer: sign)
        buffer.write(integer: UInt16(scale))
    }

    /// From `numeric` or an integer type. NaN stays NaN; infinity, or more digits than a Decimal holds (38), is an error.
    public init(cell: PostgresCell) throws(PostgresError) {
        if cell.type != .numeric {
            self = Decimal(try Int64(cell: cell))
            return
        }
        guard let count = cell.integer(UInt16.self, at: 0), let weight = cell.integer(Int16.self, at: 2),
            let sign = cell.integer(UInt16.self, at: 4), let scale = cell.integer(UInt16.self, at: 6),
            cell.count == 8 + 2 * Int(count)
        else { throw cell.mismatch(Decimal.self) }
        if sign == Self.notANumber {
            self = .nan
            return
        }
        guard sign == 0 || sign == Self.negative else { throw cell.mismatch(Decimal.self, "it is infinity") }
        let groups = (0..<Int(count)).map { cell.integer(UInt16.self, at: 8 + 2 * $0) ?? 0 }
        guard let value = Self.value(of: groups, weight: Int(weight), isNegative: sign != 0, scale: Int(scale)) else {
            throw cell.mismatch(Decimal.self, "it has more digits than a Decimal holds")
        }
        self = value
    }

    private static func value(of groups: [UInt16], weight: Int, isNegative: Bool, scale: Int) -> Decimal? {
        var digits = ""
        for group in groups {
            let text = String(group)
            digits += String(repeating: "0", count: 4 - text.count) + text
        }
        // The value is 0.digits × 10^exponentOfPoint; cut padding zeros on both sides before counting significant digits.
        var exponent = 4 * (weight + 1) - digits.count
        while digits.hasSuffix("0") {
            digits.removeLast()
            exponent += 1
        }
        let significant = digits.drop { $0 == "0" }
        if significant.isEmpty { return Decimal(0) }
        guard significant.count <= 38, (-128...127).contains(exponent) else { return nil }
        var mantissa = Decimal(0)
        for digit in significant { mantissa = mantissa * 10 + Decimal(digit.wholeNumberValue ?? 0) }
        return Decimal(sign: isNegative ? .minus : .plus, exponent: exponent, significand: mantissa)
    }
}
