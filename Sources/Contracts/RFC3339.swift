#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Times as text (RFC 3339), written and read by hand because every message has one.
public enum RFC3339 {
    /// UTC with six digits of fraction: `2026-03-01T09:30:00.123456Z`. Rounded to the nearest microsecond; years
    /// outside 1–9999, which the format cannot hold, become the nearest that it can.
    public static func string(from date: Date) -> String {
        String(unsafeUninitializedCapacity: length) {
            write(microseconds(of: date), to: $0.baseAddress!)
            return length
        }
    }

    /// Reads any RFC 3339 time: any offset, with or without a fraction, `T` and `Z` in either case, a space in
    /// place of the `T`. Digits after the microsecond are dropped; a leap second counts as the second after it.
    /// - Returns: nil when the text is not such a time.
    public static func date(from text: some StringProtocol) -> Date? {
        var text = String(text)
        return text.withUTF8 { microseconds(parsing: $0) }.map(date(microseconds:))
    }

    /// The time in whole microseconds since 1970-01-01T00:00:00Z.
    package static func microseconds(of date: Date) -> Int64 {
        let value = (date.timeIntervalSinceReferenceDate * 1_000_000).rounded()
        guard value > lowest else { return Int64(lowest) + referenceOffset }
        guard value < highest else { return value.isNaN ? 0 : Int64(highest) + referenceOffset }
        return Int64(value) + referenceOffset
    }

    /// The reverse of ``microseconds(of:)``.
    package static func date(microseconds: Int64) -> Date {
        Date(timeIntervalSinceReferenceDate: Double(microseconds - referenceOffset) / 1_000_000)
    }

    /// The characters that ``write(_:to:)`` writes.
    static let length = 27

    /// Microseconds from 1970 to 2001, where `Date` counts from. `Date` is a `Double`: near today it holds a
    /// quarter of a microsecond, so that whole microseconds survive a round trip.
    private static let referenceOffset: Int64 = 978_307_200_000_000
    private static let lowest = Double(-62_135_596_800_000_000 - referenceOffset)
    private static let highest = Double(253_402_300_799_999_999 - referenceOffset)

    /// Writes ``length`` characters.
    static func write(_ microseconds: Int64, to target: UnsafeMutablePointer<UInt8>) {
        let (days, inDay) = floorDivide(microseconds, 86_400_000_000)
        let (year, month, day) = civil(days: days)
        func two(_ value: Int, _ position: Int) {
            target[position] = 0x30 + UInt8(truncatingIfNeeded: value / 10)
            target[position + 1] = 0x30 + UInt8(truncatingIfNeeded: value % 10)
        }
        let (second, fraction) = (Int(inDay / 1_000_000), Int(inDay % 1_000_000))
        two(year / 100, 0)
        two(year % 100, 2)
        target[4] = UInt8(ascii: "-")
        two(month, 5)
        target[7] = UInt8(ascii: "-")
        two(day, 8)
        target[10] = UInt8(ascii: "T")
        two(second / 3600, 11)
        target[13] = UInt8(ascii: ":")
        two(second / 60 % 60, 14)
        target[16] = UInt8(ascii: ":")
        two(second % 60, 17)
        target[19] = UInt8(ascii: ".")
        two(fraction / 10000, 20)
        two(fraction / 100 % 100, 22)
        two(fraction % 100, 24)
        target[26] = UInt8(ascii: "Z")
    }

    /// Reads a time; nil when the bytes are not exactly one.
    static func microseconds(parsing bytes: UnsafeBufferPointer<UInt8>) -> Int64? {
        var cursor = DigitCursor(bytes: bytes)
        guard let year = cursor.digits(4), cursor.skip(UInt8(ascii: "-")),
            let month = cursor.digits(2), (1...12).contains(month), cursor.skip(UInt8(ascii: "-")),
            let day = cursor.digits(2), day >= 1, day <= length(ofMonth: month, year: year),
            cursor.skip(UInt8(ascii: "T")) || cursor.skip(UInt8(ascii: "t")) || cursor.skip(UInt8(ascii: " ")),
            let hour = cursor.digits(2), hour < 24, cursor.skip(UInt8(ascii: ":")),
            let minute = cursor.digits(2), minute < 60, cursor.skip(UInt8(ascii: ":")),
            let second = cursor.digits(2), second <= 60
        else { return nil }
        var fraction = 0
        if cursor.skip(UInt8(ascii: ".")) {
            guard let value = cursor.fraction() else { return nil }
            fraction = value
        }
        guard let offset = cursor.offset(), cursor.isAtEnd else { return nil }
        let seconds =
            Int64(daysSinceEpoch(year: year, month: month, day: day)) * 86_400
            + Int64(hour * 3600 + minute * 60 + second - offset * 60)
        let result = seconds * 1_000_000 + Int64(fraction)
        // The offset can lead out of the years that can be written.
        return Int64(lowest)...Int64(highest) ~= result - referenceOffset ? result : nil
    }
}

/// The calendar, after Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
extension RFC3339 {
    private static func floorDivide(_ value: Int64, _ divisor: Int64) -> (Int64, Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    private static func civil(days: Int64) -> (year: Int, month: Int, day: Int) {
        let (era, dayOfEra) = floorDivide(days + 719_468, 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (Int(year), Int(month), Int(dayOfYear - (153 * shifted + 2) / 5 + 1))
    }

    private static func daysSinceEpoch(year: Int, month: Int, day: Int) -> Int {
        let year = month <= 2 ? year - 1 : year
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func length(ofMonth month: Int, year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

/// Reads digits from a buffer, never past its end.
private struct DigitCursor {
    let bytes: UnsafeBufferPointer<UInt8>
    var position = 0

    var isAtEnd: Bool { position == bytes.count }

    mutating func skip(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    mutating func digits(_ count: Int) -> Int? {
        guard bytes.count - position >= count else { return nil }
        var value = 0
        for index in position..<position + count {
            let digit = bytes[index] &- 0x30
            guard digit < 10 else { return nil }
            value = value * 10 + Int(digit)
        }
        position += count
        return value
    }

    /// One digit or more, as microseconds.
    mutating func fraction() -> Int? {
        var (value, scale, count) = (0, 100_000, 0)
        while position < bytes.count, bytes[position] &- 0x30 < 10 {
            value += Int(bytes[position] - 0x30) * scale
            scale /= 10
            position += 1
            count += 1
        }
        return count > 0 ? value : nil
    }

    /// `Z` or `±hh:mm`, in minutes east.
    mutating func offset() -> Int? {
        if skip(UInt8(ascii: "Z")) || skip(UInt8(ascii: "z")) { return 0 }
        let sign: Int
        if skip(UInt8(ascii: "+")) { sign = 1 } else if skip(UInt8(ascii: "-")) { sign = -1 } else { return nil }
        guard let hours = digits(2), hours < 24, skip(UInt8(ascii: ":")), let minutes = digits(2), minutes < 60
        else { return nil }
        return sign * (hours * 60 + minutes)
    }
}
