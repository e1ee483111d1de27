/// RFC 3339, section 5.6 and appendix A.
extension FormatReader {
    mutating func dateTime() -> Bool {
        guard date(), skip("T") || skip("t") else { return false }
        return time() && isAtEnd
    }

    mutating func date() -> Bool {
        guard let year = digits(4), skip("-"), let month = digits(2), skip("-"), let day = digits(2) else {
            return false
        }
        return 1...12 ~= month && day >= 1 && day <= Self.days(of: month, year)
    }

    private static func days(of month: Int, _ year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// A time with its offset. Second 60 exists in the last minute of a day in UTC only.
    mutating func time() -> Bool {
        guard let hour = digits(2), skip(":"), let minute = digits(2), skip(":"), let second = digits(2),
            hour < 24, minute < 60, second <= 60
        else { return false }
        if skip("."), skip(while: ASCII.isDigit) == 0 { return false }
        var offset = 0
        if !skip("Z"), !skip("z") {
            let isWest = skip("-")
            guard isWest || skip("+"), let hours = digits(2), skip(":"), let minutes = digits(2), hours < 24,
                minutes < 60
            else { return false }
            offset = (hours * 60 + minutes) * (isWest ? -1 : 1)
        }
        let day = 24 * 60
        return second < 60 || (hour * 60 + minute - offset + day) % day == day - 1
    }

    mutating func duration() -> Bool {
        guard skip("P") else { return false }
        if skip("T") { return units("HMS") && isAtEnd }
        let start = position
        let count = skip(while: ASCII.isDigit)
        if count > 0, skip("W") { return isAtEnd }
        position = start
        let hasDate = units("YMD")
        if skip("T") { return units("HMS") && isAtEnd }
        return hasDate && isAtEnd
    }

    /// Numbers with units in their order, none left out between two (appendix A: `1Y2D` is not a duration).
    /// - Returns: whether there was one at least; what does not fit is left.
    private mutating func units(_ names: StaticString) -> Bool {
        var last: Int?
        while true {
            let start = position
            guard skip(while: ASCII.isDigit) > 0, let unit = current,
                let index = (0..<names.utf8CodeUnitCount).first(where: { names.utf8Start[$0] == unit }),
                last.map({ index == $0 + 1 }) ?? true
            else {
                position = start
                return last != nil
            }
            position += 1
            last = index
        }
    }
}
