/// `minimum`, `exclusiveMinimum`, `maximum`, `exclusiveMaximum`, `multipleOf`.
final class NumberRules: Sendable {
    struct Draft {
        var minimum: [Bound] = []
        var maximum: [Bound] = []
        var divisor: Divisor?

        var isEmpty: Bool { minimum.isEmpty && maximum.isEmpty && divisor == nil }
    }

    /// A limit, ready to be compared.
    struct Bound: Sendable {
        let number: JSONNumber
        let isExclusive: Bool
        let int: Int?
        let decimal: Decimal10

        init(_ number: JSONNumber, isExclusive: Bool) {
            self.number = number
            self.isExclusive = isExclusive
            int = number.int
            decimal = Decimal10(number.text)
        }

        /// Negative when the number is below the limit, positive when it is above.
        @inline(__always)
        func side(of value: JSONNumber, _ valueInt: Int?) -> Int {
            if let valueInt, let int { return valueInt < int ? -1 : valueInt > int ? 1 : 0 }
            return exactSide(of: Decimal10(value.text))
        }

        @inline(never)
        private func exactSide(of value: Decimal10) -> Int { value < decimal ? -1 : value == decimal ? 0 : 1 }
    }

    let minimum: [Bound]
    let maximum: [Bound]
    let divisor: Divisor?
    /// Integers in here keep all the rules; nil when it takes more to know.
    let wholeRange: ClosedRange<Int>?

    init(_ draft: Draft) {
        minimum = draft.minimum
        maximum = draft.maximum
        divisor = draft.divisor
        wholeRange = draft.divisor == nil ? Self.wholeRange(draft.minimum, draft.maximum) : nil
    }

    private static func wholeRange(_ minimum: [Bound], _ maximum: [Bound]) -> ClosedRange<Int>? {
        var (low, high) = (Int.min, Int.max)
        for bound in minimum {
            guard let int = bound.int, !bound.isExclusive || int < .max else { return nil }
            low = max(low, bound.isExclusive ? int + 1 : int)
        }
        for bound in maximum {
            guard let int = bound.int, !bound.isExclusive || int > .min else { return nil }
            high = min(high, bound.isExclusive ? int - 1 : int)
        }
        return low <= high ? low...high : nil
    }
}

/// The number of `multipleOf`: n · 10^f, with n not divisible by 10.
struct Divisor: Sendable {
    let number: JSONNumber
    private let factor: UInt64
    private let exponent: Int
    private let int: Int?

    /// - Returns: nil when the number is not positive, or has more than 19 digits that count.
    init?(_ number: JSONNumber) {
        let decimal = Decimal10(number.text)
        guard !decimal.isNegative, !decimal.digits.isEmpty, !decimal.isBeyondExponents,
            let factor = UInt64(String(decoding: decimal.digits, as: UTF8.self))
        else { return nil }
        self.number = number
        self.factor = factor
        exponent = decimal.point - decimal.digits.count
        int = number.int
    }

    /// Whether a number is a whole multiple. Exact, in time proportional to its digits.
    func divides(_ value: JSONNumber, _ valueInt: Int?) -> Bool {
        if let int, let valueInt { return valueInt % int == 0 }
        let decimal = Decimal10(value.text)
        guard !decimal.digits.isEmpty else { return true }
        // The value is m · 10^e with m not divisible by 10. For e < f the quotient (m / n) · 10^(e-f) would need m to be.
        let shift = decimal.point - decimal.digits.count - exponent
        guard shift >= 0, !decimal.isBeyondExponents else { return false }
        let digits = decimal.digits.reduce(UInt64(0)) { rest, digit in
            (product(rest, 10) + UInt64(digit - 0x30) % factor) % factor
        }
        return product(digits, powerOfTen(shift)) == 0
    }

    private func powerOfTen(_ exponent: Int) -> UInt64 {
        var (result, base, rest) = (1 % factor, 10 % factor, exponent)
        while rest > 0 {
            if rest & 1 == 1 { result = product(result, base) }
            base = product(base, base)
            rest >>= 1
        }
        return result
    }

    /// The product of two numbers, modulo the factor.
    private func product(_ lhs: UInt64, _ rhs: UInt64) -> UInt64 {
        let full = lhs.multipliedFullWidth(by: rhs)
        // The dividend's upper half must be below the divisor, or the quotient would not fit.
        return factor.dividingFullWidth((full.high % factor, full.low)).remainder
    }
}
