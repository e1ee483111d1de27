extension FormatReader {
    /// RFC 4122, section 3: 8-4-4-4-12 hexadecimal digits.
    mutating func uuid() -> Bool {
        guard end - position == 36 else { return false }
        for index in 0..<36 {
            let byte = bytes[position + index]
            switch index {
            case 8, 13, 18, 23: if byte != UInt8(ascii: "-") { return false }
            default: if !ASCII.isHex(byte) { return false }
            }
        }
        return true
    }

    /// Four decimal numbers without leading zeros (RFC 2673, section 3.2).
    mutating func ipv4() -> Bool {
        for index in 0..<4 {
            if index > 0, !skip(".") { return false }
            let start = position
            let count = skip(while: ASCII.isDigit)
            guard 1...3 ~= count, count == 1 || bytes[start] != 0x30 else { return false }
            let value = bytes[start..<position].reduce(0) { $0 * 10 + Int($1 - 0x30) }
            guard value < 256 else { return false }
        }
        return true
    }

    /// RFC 4291, section 2.2, without a zone.
    mutating func ipv6() -> Bool {
        var groups = 0
        var isShortened = skip(":")
        if isShortened, !skip(":") { return false }
        while groups < 8, let byte = current, ASCII.isHex(byte) {
            let start = position
            let count = skip(while: ASCII.isHex)
            if current == UInt8(ascii: ".") {
                position = start
                guard groups <= 6, ipv4() else { return false }
                groups += 2
                break
            }
            guard count <= 4 else { return false }
            groups += 1
            guard current == UInt8(ascii: ":") else { break }
            position += 1
            if skip(":") {
                if isShortened { return false }
                isShortened = true
            } else if isAtEnd || groups == 8 {
                return false
            }
        }
        return isShortened ? groups < 8 : groups == 8
    }

    /// RFC 1123, section 2.1: labels of letters, digits and hyphens.
    /// - Parameter isInternational: whether anything beyond ASCII counts as a letter.
    mutating func hostname(isInternational: Bool) -> Bool {
        guard end > position, end - position <= 253 else { return false }
        while true {
            let start = position
            let count = skip { byte in
                ASCII.isLetter(byte) || ASCII.isDigit(byte) || byte == 0x2D || isInternational && byte >= 0x80
            }
            guard 1...63 ~= count, bytes[start] != 0x2D, bytes[position - 1] != 0x2D else { return false }
            if isAtEnd { return true }
            guard skip(".") else { return false }
        }
    }

    /// RFC 5321, section 4.1.2, and RFC 6531 for those beyond ASCII.
    mutating func email(isInternational: Bool) -> Bool {
        guard let at = bytes[position..<end].lastIndex(of: UInt8(ascii: "@")) else { return false }
        var local = part(position..<at)
        guard local.localPart(isInternational), at - position <= 64 else { return false }
        var domain = part((at + 1)..<end)
        guard domain.skip("[") else { return domain.hostname(isInternational: isInternational) }
        guard end > at + 2, bytes[end - 1] == UInt8(ascii: "]") else { return false }
        domain.end -= 1
        if domain.end - domain.position > 5,
            "ipv6:".utf8.elementsEqual(bytes[domain.position..<(domain.position + 5)].map { $0 | 0x20 })
        {
            domain.position += 5
            return domain.ipv6() && domain.isAtEnd
        }
        return domain.ipv4() && domain.isAtEnd
    }

    private mutating func localPart(_ isInternational: Bool) -> Bool {
        if skip("\"") {
            guard end > position, bytes[end - 1] == UInt8(ascii: "\"") else { return false }
            end -= 1
            while let byte = current {
                guard byte != UInt8(ascii: "\""), byte >= 0x20, byte != 0x7F, byte < 0x80 || isInternational else {
                    return false
                }
                position += byte == UInt8(ascii: "\\") ? 2 : 1
            }
            return position == end
        }
        while true {
            let count = skip { byte in Self.isAtomText(byte) || isInternational && byte >= 0x80 }
            guard count > 0 else { return false }
            if isAtEnd { return true }
            guard skip(".") else { return false }
        }
    }

    /// `atext` of RFC 5322, section 3.2.3.
    private static func isAtomText(_ byte: UInt8) -> Bool {
        if ASCII.isLetter(byte) || ASCII.isDigit(byte) { return true }
        return "!#$%&'*+-/=?^_`{|}~".utf8.contains(byte)
    }
}
