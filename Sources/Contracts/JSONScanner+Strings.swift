extension JSONScanner {
    /// Steps over a string, from quote to quote.
    mutating func scanString() throws(JSONError) -> StringSpan {
        guard current == UInt8(ascii: "\"") else { throw unexpected("expected a string") }
        let start = position + 1
        var index = start
        var hasEscapes = false
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") {
                position = index + 1
                return StringSpan(range: start..<index, hasEscapes: hasEscapes)
            }
            if byte == UInt8(ascii: "\\") {
                hasEscapes = true
                index = try skipEscape(at: index)
            } else if byte < 0x20 {
                throw JSONError(.controlCharacter, at: index, "a control character that is not escaped")
            } else if byte < 0x80 {
                index = skipPlain(from: index + 1)
            } else {
                index = try skipScalar(at: index)
            }
        }
        throw JSONError(.unexpectedEnd, at: bytes.count, "a string without its closing quote")
    }

    /// The text of a string.
    func text(_ span: StringSpan) -> String {
        let content = UnsafeBufferPointer(rebasing: bytes[span.range])
        return span.hasEscapes ? unescaped(content) : String(decoding: content, as: UTF8.self)
    }

    /// Eight bytes at a time over ASCII that needs no attention.
    @inline(__always)
    private func skipPlain(from start: Int) -> Int {
        var index = start
        let base = UnsafeRawPointer(bytes.baseAddress)
        while let base, index + 8 <= bytes.count {
            let word = base.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            // The high bit of a byte is set in `special` when the byte is a quote, a backslash, below 0x20 or
            // above 0x7F. ("Bit Twiddling Hacks": a borrow can mark a byte too many, never one too few; such a
            // byte is then looked at singly.)
            let quote = word ^ 0x2222_2222_2222_2222
            let slash = word ^ 0x5C5C_5C5C_5C5C_5C5C
            let ones: UInt64 = 0x0101_0101_0101_0101
            let special = (quote &- ones) | (slash &- ones) | (word &- 0x2020_2020_2020_2020) | word
            if special & 0x8080_8080_8080_8080 != 0 { break }
            index += 8
        }
        return index
    }

    /// The index after one scalar of two bytes or more; refuses overlong forms, surrogates and numbers above
    /// U+10FFFF (The Unicode Standard, table 3-7).
    private func skipScalar(at index: Int) throws(JSONError) -> Int {
        let lead = bytes[index]
        let (length, second): (Int, ClosedRange<UInt8>) =
            switch lead {
            case 0xC2...0xDF: (2, 0x80...0xBF)
            case 0xE0: (3, 0xA0...0xBF)
            case 0xE1...0xEC, 0xEE...0xEF: (3, 0x80...0xBF)
            case 0xED: (3, 0x80...0x9F)
            case 0xF0: (4, 0x90...0xBF)
            case 0xF1...0xF3: (4, 0x80...0xBF)
            case 0xF4: (4, 0x80...0x8F)
            default: (0, 0...0)
            }
        guard length > 0, index + length <= bytes.count, second.contains(bytes[index + 1]),
            bytes[(index + 2)..<(index + max(length, 2))].allSatisfy({ $0 & 0xC0 == 0x80 })
        else { throw JSONError(.invalidUTF8, at: index, "not UTF-8") }
        return index + length
    }

    /// The index after an escape; a surrogate must have its other half.
    private func skipEscape(at index: Int) throws(JSONError) -> Int {
        guard index + 1 < bytes.count else {
            throw JSONError(.unexpectedEnd, at: bytes.count, "a string without its closing quote")
        }
        switch bytes[index + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return index + 2
        case UInt8(ascii: "u"):
            guard let unit = unit(at: index) else { break }
            guard 0xD800...0xDFFF ~= unit else { return index + 6 }
            guard unit < 0xDC00, let low = self.unit(at: index + 6), 0xDC00...0xDFFF ~= low else {
                throw JSONError(.loneSurrogate, at: index, "half of a surrogate pair")
            }
            return index + 12
        default: break
        }
        throw JSONError(.invalidEscape, at: index, "an escape that JSON does not have")
    }

    /// The code unit of `\uXXXX` at an index, nil when there is none.
    private func unit(at index: Int) -> UInt32? {
        guard index + 6 <= bytes.count, bytes[index] == UInt8(ascii: "\\"), bytes[index + 1] == UInt8(ascii: "u")
        else { return nil }
        return Self.hexUnit(bytes[(index + 2)..<(index + 6)])
    }

    private static func hexUnit(_ digits: Slice<UnsafeBufferPointer<UInt8>>) -> UInt32? {
        var value: UInt32 = 0
        for byte in digits {
            guard let digit = Hex.value(byte) else { return nil }
            value = value << 4 | UInt32(digit)
        }
        return value
    }

    /// Resolves escapes; the content has been checked.
    private func unescaped(_ content: UnsafeBufferPointer<UInt8>) -> String {
        var result: [UInt8] = []
        result.reserveCapacity(content.count)
        var index = 0
        while index < content.count {
            guard content[index] == UInt8(ascii: "\\") else {
                result.append(content[index])
                index += 1
                continue
            }
            switch content[index + 1] {
            case UInt8(ascii: "b"): result.append(0x08)
            case UInt8(ascii: "f"): result.append(0x0C)
            case UInt8(ascii: "n"): result.append(0x0A)
            case UInt8(ascii: "r"): result.append(0x0D)
            case UInt8(ascii: "t"): result.append(0x09)
            case UInt8(ascii: "u"):
                var value = Self.hexUnit(content[(index + 2)..<(index + 6)]) ?? 0xFFFD
                if 0xD800...0xDBFF ~= value {
                    let low = Self.hexUnit(content[(index + 8)..<(index + 12)]) ?? 0xDC00
                    value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
                    index += 6
                }
                result.append(contentsOf: Unicode.Scalar(value).map { Array(String(Character($0)).utf8) } ?? [])
                index += 4
            case let byte: result.append(byte)
            }
            index += 2
        }
        return String(decoding: result, as: UTF8.self)
    }
}
