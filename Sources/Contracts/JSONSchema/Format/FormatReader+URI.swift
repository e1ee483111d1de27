/// RFC 3986, appendix A; RFC 3987 where code points beyond ASCII are allowed.
extension FormatReader {
    mutating func uri(isReference: Bool, isInternational: Bool) -> Bool {
        if let colon = find(":"), part(position..<colon).isScheme() {
            position = colon + 1
        } else if !isReference {
            return false
        } else if let colon = find(":"), bytes[position..<colon].allSatisfy({ !"/?#".utf8.contains($0) }) {
            return false  // The first segment of a relative path must not have a colon.
        }
        let hash = find("#")
        let question = find("?").flatMap { $0 < hash ?? end ? $0 : nil }
        var path = part(position..<(question ?? hash ?? end))
        if path.current == UInt8(ascii: "/"), path.position + 1 < path.end,
            bytes[path.position + 1] == UInt8(ascii: "/")
        {
            path.position += 2
            let slash = path.find("/") ?? path.end
            var authority = path.part(path.position..<slash)
            guard authority.authority(isInternational) else { return false }
            path.position = slash
        }
        guard path.characters(of: .path, isInternational) else { return false }
        if let question {
            var query = part((question + 1)..<(hash ?? end))
            guard query.characters(of: .query, isInternational) else { return false }
        }
        guard let hash else { return true }
        var fragment = part((hash + 1)..<end)
        return fragment.characters(of: .fragment, isInternational)
    }

    private func isScheme() -> Bool {
        guard let first = current, ASCII.isLetter(first) else { return false }
        return bytes[position..<end].allSatisfy {
            ASCII.isLetter($0) || ASCII.isDigit($0) || $0 == 0x2B || $0 == 0x2D || $0 == 0x2E
        }
    }

    private enum Part { case user, host, path, query, fragment }

    private mutating func authority(_ isInternational: Bool) -> Bool {
        if let at = find("@") {
            var user = part(position..<at)
            guard user.characters(of: .user, isInternational) else { return false }
            position = at + 1
        }
        if skip("[") {
            guard let close = find("]") else { return false }
            var address = part(position..<close)
            guard address.ipv6() && address.isAtEnd || part(position..<close).isFutureAddress() else { return false }
            position = close + 1
        } else {
            var host = part(position..<(find(":") ?? end))
            guard host.characters(of: .host, isInternational) else { return false }
            position = host.end
        }
        if skip(":") { _ = skip(while: ASCII.isDigit) }
        return isAtEnd
    }

    /// `v1.something`
    private func isFutureAddress() -> Bool {
        var copy = self
        guard copy.skip("v") || copy.skip("V"), copy.skip(while: ASCII.isHex) > 0, copy.skip("."), !copy.isAtEnd else {
            return false
        }
        return copy.characters(of: .user, false)
    }

    private mutating func characters(of part: Part, _ isInternational: Bool) -> Bool {
        while let byte = current {
            if byte == UInt8(ascii: "%") {
                guard position + 2 < end, ASCII.isHex(bytes[position + 1]), ASCII.isHex(bytes[position + 2]) else {
                    return false
                }
                position += 3
                continue
            }
            guard Self.isAllowed(byte, in: part) || isInternational && byte >= 0x80 else { return false }
            position += 1
        }
        return true
    }

    private static func isAllowed(_ byte: UInt8, in part: Part) -> Bool {
        if ASCII.isLetter(byte) || ASCII.isDigit(byte) { return true }
        // unreserved and sub-delims
        if "-._~!$&'()*+,;=".utf8.contains(byte) { return true }
        return switch part {
        case .host: false
        case .user: byte == UInt8(ascii: ":")
        case .path: byte == UInt8(ascii: ":") || byte == UInt8(ascii: "@") || byte == UInt8(ascii: "/")
        case .query, .fragment: ":@/?".utf8.contains(byte)
        }
    }

    /// RFC 6570: literals, and expressions in braces.
    mutating func uriTemplate() -> Bool {
        while let byte = current {
            position += 1
            switch byte {
            case UInt8(ascii: "{"): if !expression() { return false }
            case 0...0x20, UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "<"), UInt8(ascii: ">"),
                UInt8(ascii: "\\"),
                UInt8(ascii: "^"), UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "}"), 0x7F:
                return false
            case UInt8(ascii: "%"):
                guard position + 1 < end, ASCII.isHex(bytes[position]), ASCII.isHex(bytes[position + 1]) else {
                    return false
                }
                position += 2
            default: break
            }
        }
        return true
    }

    private mutating func expression() -> Bool {
        if let byte = current, "+#./;?&=,!@|".utf8.contains(byte) { position += 1 }
        repeat {
            let count = skip {
                ASCII.isLetter($0) || ASCII.isDigit($0) || $0 == 0x5F || $0 == 0x2E || $0 == UInt8(ascii: "%")
            }
            guard count > 0 else { return false }
            if skip(":") {
                guard 1...4 ~= skip(while: ASCII.isDigit) else { return false }
            } else {
                _ = skip("*")
            }
        } while skip(",")
        return skip("}")
    }

    // MARK: Pointers

    /// RFC 6901, section 3.
    mutating func jsonPointer() -> Bool {
        guard isAtEnd || current == UInt8(ascii: "/") else { return false }
        while let byte = current {
            position += 1
            if byte == UInt8(ascii: "~"), !skip("0"), !skip("1") { return false }
        }
        return true
    }

    /// A number of levels up, then `#` or a pointer, and an index shift between them if need be.
    mutating func relativeJSONPointer() -> Bool {
        let first = current
        let count = skip(while: ASCII.isDigit)
        guard count > 0, count == 1 || first != 0x30 else { return false }
        if skip("+") || skip("-") {
            let first = current
            let count = skip(while: ASCII.isDigit)
            guard count > 0, first != 0x30 else { return false }
        }
        return skip("#") ? isAtEnd : jsonPointer()
    }
}
