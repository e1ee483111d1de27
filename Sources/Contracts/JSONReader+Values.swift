#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// This value itself. Each method notes a problem and answers a placeholder when the value is not as asked.
extension JSONReader {
    /// Text.
    /// - Parameter length: in Unicode code points, as JSON Schema counts.
    public func string(length: ClosedRange<Int> = 0 ... .max) -> String {
        guard let text = convert("a string", \.stringValue) else { return "" }
        let count = text.unicodeScalars.count
        guard length.contains(count) else {
            log.note(pointer, "must have \(Self.describe(length, "character")), has \(count)")
            return ""
        }
        return text
    }

    /// A whole number; `3.0` is one.
    public func integer(in range: ClosedRange<Int> = .min ... .max) -> Int {
        let placeholder = range.contains(0) ? 0 : range.lowerBound
        guard let number = convert("a whole number", Self.number) else { return placeholder }
        guard number.isWhole else {
            log.note(pointer, "must be a whole number, is \(Self.short(number))")
            return placeholder
        }
        guard let value = number.int, range.contains(value) else {
            log.note(pointer, "must be \(Self.describe(range)), is \(Self.short(number))")
            return placeholder
        }
        return value
    }

    /// A number, as the nearest floating-point value.
    public func number(in range: ClosedRange<Double> = -.greatestFiniteMagnitude ... .greatestFiniteMagnitude) -> Double {
        guard let number = convert("a number", Self.number) else { return range.lowerBound }
        guard range.contains(number.double) else {
            log.note(pointer, "must be from \(range.lowerBound) to \(range.upperBound), is \(Self.short(number))")
            return range.lowerBound
        }
        return number.double
    }

    /// A truth value.
    public func bool() -> Bool { convert("a boolean", \.boolValue) ?? false }

    /// A UUID as text, in either case.
    public func uuid() -> UUID {
        parse("a UUID") { text in
            var text = text
            return text.withUTF8 { UUID(parsing: $0) }
        } ?? UUID(high: 0, low: 0)
    }

    /// An RFC 3339 time.
    public func date() -> Date { parse("an RFC 3339 time", RFC3339.date(from:)) ?? Date(timeIntervalSince1970: 0) }

    /// One of the cases of an enumeration of strings.
    public func choice<Choice: RawRepresentable & CaseIterable>(
        _ type: Choice.Type = Choice.self
    ) -> Choice? where Choice.RawValue == String {
        let expected = "one of \(Choice.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", "))"
        return parse(expected, Choice.init(rawValue:))
    }

    /// Text that means something else.
    /// - Parameters:
    ///   - expected: what it must be, with its article: `a country code`.
    ///   - body: the meaning, nil when there is none.
    /// - Returns: nil after a note.
    public func parse<Value>(_ expected: String, _ body: (String) -> Value?) -> Value? {
        guard let text = convert("a string", \.stringValue) else { return nil }
        if let value = body(text) { return value }
        log.note(pointer, "must be \(expected)")
        return nil
    }

    /// The value as it is.
    public func value() -> JSONValue { convert("a value") { $0 } ?? .null }

    private static func number(_ value: JSONValue) -> JSONNumber? {
        if case .number(let number) = value { number } else { nil }
    }

    /// Keeps an answer short when a number has a thousand digits.
    private static func short(_ number: JSONNumber) -> String {
        number.text.utf8.count <= 40 ? number.text : "\(number.text.prefix(37))..."
    }

    private static func describe(_ range: ClosedRange<Int>) -> String {
        if range.upperBound == .max { return range.lowerBound == .min ? "a 64-bit number" : "at least \(range.lowerBound)" }
        return range.lowerBound == .min ? "at most \(range.upperBound)" : "from \(range.lowerBound) to \(range.upperBound)"
    }
}

/// Members of this object, by name.
extension JSONReader {
    /// See ``string(length:)``.
    public func string(_ key: String, length: ClosedRange<Int> = 0 ... .max) -> String {
        member(key).string(length: length)
    }

    /// See ``integer(in:)``.
    public func integer(_ key: String, in range: ClosedRange<Int> = .min ... .max) -> Int {
        member(key).integer(in: range)
    }

    /// See ``number(in:)``.
    public func number(
        _ key: String, in range: ClosedRange<Double> = -.greatestFiniteMagnitude ... .greatestFiniteMagnitude
    ) -> Double {
        member(key).number(in: range)
    }

    /// See ``bool()``.
    public func bool(_ key: String) -> Bool { member(key).bool() }

    /// See ``uuid()``.
    public func uuid(_ key: String) -> UUID { member(key).uuid() }

    /// See ``date()``.
    public func date(_ key: String) -> Date { member(key).date() }

    /// See ``choice(_:)``.
    public func choice<Choice: RawRepresentable & CaseIterable>(
        _ key: String, _ type: Choice.Type = Choice.self
    ) -> Choice? where Choice.RawValue == String {
        member(key).choice(type)
    }

    /// See ``string(length:)``; nil when the member is missing or null.
    public func optionalString(_ key: String, length: ClosedRange<Int> = 0 ... .max) -> String? {
        optional(key) { $0.string(length: length) }
    }

    /// See ``integer(in:)``; nil when the member is missing or null.
    public func optionalInteger(_ key: String, in range: ClosedRange<Int> = .min ... .max) -> Int? {
        optional(key) { $0.integer(in: range) }
    }

    /// See ``uuid()``; nil when the member is missing or null.
    public func optionalUUID(_ key: String) -> UUID? { optional(key) { $0.uuid() } }
}
