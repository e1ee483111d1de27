import Millrace

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

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

    /// An id that we have made, in a path.
    /// - Throws: ``Problem`` 404 for what is no id.
    static func id(_ context: HTTPContext, _ missing: String) throws -> UUID {
        guard let id = context.parameters.get("id").flatMap({ UUID(uuidString: $0) }) else { throw Problem.notFound(missing) }
        return id
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
