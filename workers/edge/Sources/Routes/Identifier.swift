import Millrace

/// Identifiers that clients choose, of products and customers.
enum Identifier {
    /// How many characters one may have.
    static let length = 1...64

    /// Whether a text holds no control characters; U+0000 above all, which PostgreSQL cannot store.
    static func isPrintable(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
    }

    /// An identifier in a path.
    /// - Throws: ``Problem`` 404 for one that nothing can have.
    static func parameter(_ name: String, _ context: HTTPContext, _ missing: String) throws -> String {
        guard let raw = context.parameters.get(name), let text = decoded(raw),
            length.contains(text.unicodeScalars.count), isPrintable(text)
        else { throw Problem.notFound(missing) }
        return text
    }

    /// A text as one segment of a path.
    static func encoded(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            let character = Character(UnicodeScalar(byte))
            if byte < 0x80 && (character.isLetter || character.isNumber || "-._~".contains(character)) {
                result.append(character)
            } else {
                result += "%" + String(byte >> 4, radix: 16, uppercase: true) + String(byte & 15, radix: 16, uppercase: true)
            }
        }
        return result
    }

    /// Undoes percent-encoding; nil for what is not well-formed.
    private static func decoded(_ text: String) -> String? {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return text }
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2).compactMap(hexValue)
            guard digits.count == 2 else { return nil }
            rest = rest.dropFirst(2)
            bytes.append(digits[0] << 4 | digits[1])
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        Character(UnicodeScalar(byte)).hexDigitValue.map(UInt8.init)
    }
}

extension JSONReader {
    /// A member that is an identifier.
    func identifier(_ key: String) -> String { member(key).text(length: Identifier.length) }

    /// A text without control characters.
    func text(length: ClosedRange<Int>) -> String {
        let text = string(length: length)
        if !Identifier.isPrintable(text) { note("must not contain control characters") }
        return text
    }
}
