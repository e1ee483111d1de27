/// One SQL statement, or a piece of one, with the values bound to it.
///
/// It is written as a string literal. Every interpolated value becomes a **bound parameter**; it never becomes text of the
/// statement, so SQL injection cannot be written:
///
/// ```swift
/// try await db.execute("update product set price_cents = \(price) where id = \(id)")
/// ```
///
/// - `\(value)` binds a ``PostgresEncodable`` as the next `$n`.
/// - `\(identifier: name)` inserts a quoted identifier.
/// - `\(fragment)` splices another `SQL` with its parameters renumbered.
///
/// Only literals of the source code become SQL text (they are `StaticString`s). Text that is put together at run time needs
/// ``init(unsafe:)``, which executes only where the configuration allows it.
public struct SQL: Sendable {
    /// The text with its placeholders `$1`, `$2` …
    public internal(set) var text: String
    /// Where in the UTF-8 of `text` the placeholders start, so that a splice can renumber them without parsing SQL.
    var marks: [Int]
    /// The encoded parameters.
    package internal(set) var parameters: SQLParameters
    /// The first parameter that could not be encoded; reported when the statement is executed.
    var failure: PostgresError?
    /// Whether any part came from ``init(unsafe:)``.
    package internal(set) var isRaw: Bool

    init(text: String = "", isRaw: Bool = false) {
        self.text = text
        self.isRaw = isRaw
        marks = []
        parameters = SQLParameters()
    }

    /// Text that the compiler has not seen. Executing it throws ``PostgresError/Code/rawSQLForbidden`` unless
    /// ``PostgresConfiguration/allowRawSQL`` is set. Nothing in it is escaped.
    public init(unsafe text: String) { self.init(text: text, isRaw: true) }

    /// Text from a source that this package vouches for (a migration file, a generated statement of quoted identifiers).
    package init(trusted text: String) { self.init(text: text) }

    /// How many parameters are bound. PostgreSQL allows 65,535.
    public var parameterCount: Int { parameters.count }

    /// Appends a piece, renumbering its parameters behind those already bound.
    public mutating func append(_ other: SQL) {
        let base = text.utf8.count
        if other.marks.isEmpty {
            text += other.text
        } else if parameters.count == 0 {
            text += other.text
            marks.append(contentsOf: other.marks.lazy.map { $0 + base })
        } else {
            appendRenumbered(other)
        }
        parameters.append(other.parameters)
        isRaw = isRaw || other.isRaw
        failure = failure ?? other.failure
    }

    private mutating func appendRenumbered(_ other: SQL) {
        let source = Array(other.text.utf8)
        var position = 0
        var number = parameters.count
        var output: [UInt8] = []
        output.reserveCapacity(source.count + other.marks.count)
        let base = text.utf8.count
        for mark in other.marks {
            output.append(contentsOf: source[position..<mark])
            marks.append(base + output.count)
            number += 1
            output.append(UInt8(ascii: "$"))
            output.append(contentsOf: String(number).utf8)
            position = mark + 1
            while position < source.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(source[position]) { position += 1 }
        }
        output.append(contentsOf: source[position...])
        text += String(decoding: output, as: UTF8.self)
    }

    /// Binds `value` as the next parameter and appends its placeholder.
    mutating func bind<T: PostgresEncodable>(_ value: T) {
        marks.append(text.utf8.count)
        text += "$"
        text += String(parameters.count + 1)
        do {
            try parameters.append(value)
        } catch {
            failure = failure ?? error
        }
    }

    /// Appends a quoted identifier.
    mutating func append(identifier: String) {
        if identifier.isEmpty || identifier.utf8.contains(0) {
            failure = failure ?? PostgresError(code: .encoding, message: "an identifier is empty or contains a NUL character")
            return
        }
        text += "\""
        if identifier.utf8.contains(UInt8(ascii: "\"")) {
            for character in identifier.unicodeScalars {
                text.unicodeScalars.append(character)
                if character == "\"" { text += "\"" }
            }
        } else {
            text += identifier
        }
        text += "\""
    }

    /// Two pieces, one after the other; add the space between them yourself.
    public static func + (left: SQL, right: SQL) -> SQL {
        var sum = left
        sum.append(right)
        return sum
    }

    /// Appends a piece.
    public static func += (left: inout SQL, right: SQL) { left.append(right) }
}

extension SQL: Equatable {
    /// The same text and the same encoded parameters.
    public static func == (left: SQL, right: SQL) -> Bool {
        left.text == right.text && left.isRaw == right.isRaw && left.parameters == right.parameters
    }
}

extension SQL: CustomStringConvertible {
    /// The text with placeholders; values are never shown.
    public var description: String { text }
}

extension Sequence where Element == SQL {
    /// The pieces with `separator` between them: `columns.map { "\(identifier: $0)" }.joined(separator: ", ")`.
    public func joined(separator: SQL = ", ") -> SQL {
        var result = SQL()
        for (index, piece) in enumerated() {
            if index > 0 { result.append(separator) }
            result.append(piece)
        }
        return result
    }
}
