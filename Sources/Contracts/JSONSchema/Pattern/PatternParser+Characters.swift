extension PatternParser {
    /// The rest of a class, after its `[`.
    mutating func characterClass() throws(PatternError) -> CharacterRanges {
        let isInverted = skip("^")
        var ranges: [ClosedRange<UInt32>] = []
        while !skip("]") {
            let first = try classAtom()
            guard isAt("-"), !isAt("-]") else {
                ranges += first.ranges
                continue
            }
            position += 1
            let second = try classAtom()
            guard let low = single(first), let high = single(second) else {
                throw invalid("a range with a class at one of its ends")
            }
            guard low <= high else { throw invalid("a range out of order") }
            ranges.append(low...high)
        }
        let result = CharacterRanges(ranges)
        return isInverted ? result.inverted : result
    }

    private func single(_ set: CharacterRanges) -> UInt32? {
        guard set.ranges.count == 1, let range = set.ranges.first, range.count == 1 else { return nil }
        return range.lowerBound
    }

    private mutating func classAtom() throws(PatternError) -> CharacterRanges {
        guard let scalar = current else { throw invalid("a class without its closing bracket") }
        if scalar == 0x5C { return try escape(inClass: true) }
        position += 1
        return CharacterRanges(scalar)
    }

    /// A backslash and what belongs to it, for one character or a class of them.
    mutating func escape(inClass: Bool) throws(PatternError) -> CharacterRanges {
        position += 1
        guard let value = take(), let scalar = Unicode.Scalar(value) else { throw invalid("a backslash at the end") }
        switch scalar {
        case "d": return .digits
        case "D": return CharacterRanges.digits.inverted
        case "w": return .words
        case "W": return CharacterRanges.words.inverted
        case "s": return .spaces
        case "S": return CharacterRanges.spaces.inverted
        case "p": return try property()
        case "P": return try property().inverted
        case "t": return CharacterRanges(0x09)
        case "n": return CharacterRanges(0x0A)
        case "v": return CharacterRanges(0x0B)
        case "f": return CharacterRanges(0x0C)
        case "r": return CharacterRanges(0x0D)
        case "b" where inClass: return CharacterRanges(0x08)
        case "0":
            if let digit = current, 0x30...0x39 ~= digit { throw invalid("an octal escape") }
            return CharacterRanges(0)
        case "c":
            guard let letter = take(), letter < 0x80, ASCII.isLetter(UInt8(letter)) else {
                throw invalid("\\c without a letter")
            }
            return CharacterRanges(letter % 32)
        case "x": return CharacterRanges(try hexadecimal(2))
        case "u": return CharacterRanges(try unicodeEscape())
        default:
            guard value < 0x80, !ASCII.isLetter(UInt8(value)), !ASCII.isDigit(UInt8(value)) else {
                throw invalid("the escape \\\(scalar), which there is not")
            }
            return CharacterRanges(value)
        }
    }

    private mutating func hexadecimal(_ count: Int) throws(PatternError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<count {
            guard let scalar = take(), scalar < 0x80, let digit = Hex.value(UInt8(scalar)) else {
                throw invalid("an escape without its \(count) hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
        }
        return value
    }

    /// After `\u`: four digits, two times four for a surrogate pair, or any number in braces.
    private mutating func unicodeEscape() throws(PatternError) -> UInt32 {
        if skip("{") {
            var value: UInt32 = 0
            var hasDigits = false
            while let scalar = current, scalar < 0x80, let digit = Hex.value(UInt8(scalar)),
                value <= CharacterRanges.last
            {
                value = value << 4 | UInt32(digit)
                hasDigits = true
                position += 1
            }
            guard hasDigits, value <= CharacterRanges.last, skip("}") else {
                throw invalid("\\u{…} without a code point")
            }
            return value
        }
        let high = try hexadecimal(4)
        let start = position
        if 0xD800...0xDBFF ~= high, skip("\\u"), let low = try? hexadecimal(4), 0xDC00...0xDFFF ~= low {
            return 0x10000 + (high - 0xD800) << 10 + (low - 0xDC00)
        }
        if 0xD800...0xDBFF ~= high { position = start }
        return high
    }

    /// After `\p`: `{Letter}`.
    private mutating func property() throws(PatternError) -> CharacterRanges {
        guard skip("{") else { throw invalid("\\p without a property in braces") }
        var name = ""
        while let scalar = take(), let character = Unicode.Scalar(scalar) {
            if character == "}" {
                guard !name.isEmpty else { break }
                if let ranges = UnicodeProperty.ranges(name) { return ranges }
                throw PatternError(.unsupported, "uses the property \(name), which is not among those known here")
            }
            guard scalar < 0x80,
                character == "_" || character == "=" || ASCII.isLetter(UInt8(scalar)) || ASCII.isDigit(UInt8(scalar))
            else { break }
            name.unicodeScalars.append(character)
        }
        throw invalid("\\p without a property in braces")
    }
}
