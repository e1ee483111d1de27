/// One statement of a script.
package struct ScriptStatement: Sendable, Equatable {
    /// Its text without the closing semicolon and without comments before it.
    package let text: String
    /// The line of the script on which it starts; the first line is 1.
    package let line: Int
    /// Its first words in upper case, at most eight, as far as they follow each other
    /// without quotes or comments being words: what kind of statement it is.
    package let words: [String]

    /// Splits a script at its semicolons, as `psql` does: semicolons in strings, quoted names,
    /// dollar quotes, comments, parentheses and `BEGIN ATOMIC … END` bodies do not count.
    ///
    /// - Throws: `PostgresError` of code `.migration` that names the line: an unclosed quote or
    ///   comment, or a `psql` command.
    package static func split(_ script: String) throws(PostgresError) -> [ScriptStatement] {
        var splitter = ScriptSplitter(script)
        return try splitter.split()
    }

    /// Why this statement cannot be part of a migration; `nil` if it can.
    package var refusal: String? {
        switch words.first {
        case "BEGIN", "COMMIT", "END", "ABORT":
            return transactionRefusal
        case "START" where words.dropFirst().first == "TRANSACTION",
            "PREPARE" where words.dropFirst().first == "TRANSACTION":
            return transactionRefusal
        case "ROLLBACK" where !words.contains("TO"):
            return transactionRefusal
        case "COPY" where words.contains("STDIN"):
            return "COPY FROM STDIN needs a client that reads the rows; write INSERT statements"
        default:
            return nil
        }
    }

    private var transactionRefusal: String {
        "\(words[0]) is not allowed: each migration is one transaction already "
            + "(opt out with the header '-- executeInTransaction=false', then each statement is its own)"
    }
}

/// The scanner behind ``ScriptStatement/split(_:)``. Works on bytes: all that matters is ASCII,
/// and every byte of a longer UTF-8 character counts as a letter, as it does in PostgreSQL.
private struct ScriptSplitter {
    private let bytes: [UInt8]
    private var index = 0
    private var line = 1

    private var start: Int?
    private var startLine = 1
    private var parentheses = 0
    private var bodies = 0
    private var words: [String] = []
    private var statements: [ScriptStatement] = []

    init(_ script: String) {
        let utf8 = Array(script.utf8)
        bytes = utf8.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(utf8.dropFirst(3)) : utf8
    }

    mutating func split() throws(PostgresError) -> [ScriptStatement] {
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\n"):
                line += 1
                index += 1
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), 0x0B, 0x0C: index += 1
            case UInt8(ascii: "-") where next == UInt8(ascii: "-"): skipLine()
            case UInt8(ascii: "/") where next == UInt8(ascii: "*"): try skipBlockComment()
            case UInt8(ascii: ";") where parentheses == 0 && bodies == 0:
                finish()
                index += 1
            case UInt8(ascii: "\\"):
                throw .migration("line \(line): '\\' outside of a string: commands of psql cannot be used here")
            default:
                begin()
                try token()
            }
        }
        finish()
        return statements
    }

    private var next: UInt8? { index + 1 < bytes.count ? bytes[index + 1] : nil }

    private mutating func begin() {
        guard start == nil else { return }
        start = index
        startLine = line
    }

    private mutating func finish() {
        if let start {
            var end = index
            while end > start, bytes[end - 1] <= 0x20 { end -= 1 }
            let text = String(decoding: bytes[start..<end], as: UTF8.self)
            statements.append(ScriptStatement(text: text, line: startLine, words: Array(words.prefix(8))))
        }
        start = nil
        words = []
        parentheses = 0
        bodies = 0
    }

    private mutating func token() throws(PostgresError) {
        let byte = bytes[index]
        switch byte {
        case UInt8(ascii: "'"): try skipQuoted(byte, escapes: false, what: "string")
        case UInt8(ascii: "\""): try skipQuoted(byte, escapes: false, what: "quoted name")
        case UInt8(ascii: "$"):
            if let tag = dollarTag() { try skipDollarQuote(tag) } else { index += 1 }
        case UInt8(ascii: "("):
            parentheses += 1
            index += 1
        case UInt8(ascii: ")"):
            parentheses = max(0, parentheses - 1)
            index += 1
        case _ where Self.startsWord(byte): try word()
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            // A number swallows the letters after it, so that `1e'` is not taken for an E-string.
            while index < bytes.count, Self.continuesWord(bytes[index]) { index += 1 }
        default: index += 1
        }
    }

    private mutating func word() throws(PostgresError) {
        let first = index
        while index < bytes.count, Self.continuesWord(bytes[index]) { index += 1 }
        let word = String(decoding: bytes[first..<index], as: UTF8.self).uppercased()
        if index < bytes.count, bytes[index] == UInt8(ascii: "'"), word == "E" {
            return try skipQuoted(UInt8(ascii: "'"), escapes: true, what: "string")
        }
        if words.count < 64 { words.append(word) }
        trackBody(word)
    }

    /// `CREATE FUNCTION … BEGIN ATOMIC a; b; END` holds semicolons of its own. Only there do
    /// `BEGIN`, `CASE` and `END` nest.
    private mutating func trackBody(_ word: String) {
        guard words.first == "CREATE", words.prefix(4).contains("FUNCTION") || words.prefix(4).contains("PROCEDURE")
        else { return }
        switch word {
        case "ATOMIC" where bodies == 0: bodies = 1
        case "CASE" where bodies > 0: bodies += 1
        case "END" where bodies > 0: bodies -= 1
        default: break
        }
    }

    /// To PostgreSQL a carriage return ends a line, too.
    private mutating func skipLine() {
        while index < bytes.count, bytes[index] != UInt8(ascii: "\n"), bytes[index] != UInt8(ascii: "\r") { index += 1 }
    }

    private mutating func skipBlockComment() throws(PostgresError) {
        let opened = line
        var depth = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "/"), next == UInt8(ascii: "*") {
                depth += 1
                index += 2
            } else if bytes[index] == UInt8(ascii: "*"), next == UInt8(ascii: "/") {
                depth -= 1
                index += 2
                if depth == 0 { return }
            } else {
                if bytes[index] == UInt8(ascii: "\n") { line += 1 }
                index += 1
            }
        }
        throw .migration("line \(opened): the comment that starts here is not closed")
    }

    /// Skips a quoted run whose quote character is doubled inside, and with `escapes` also
    /// escaped by a backslash.
    private mutating func skipQuoted(_ quote: UInt8, escapes: Bool, what: String) throws(PostgresError) {
        let opened = line
        index += 1
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\n") { line += 1 }
            if escapes, byte == UInt8(ascii: "\\") {
                if next == UInt8(ascii: "\n") { line += 1 }
                index += 2
            } else if byte == quote {
                if next != quote {
                    index += 1
                    return
                }
                index += 2
            } else {
                index += 1
            }
        }
        throw .migration("line \(opened): the \(what) that starts here is not closed")
    }

    /// The delimiter `$tag$` at the current position; `nil` for a lone dollar or a `$1`.
    private func dollarTag() -> ArraySlice<UInt8>? {
        var end = index + 1
        guard end < bytes.count, bytes[end] == UInt8(ascii: "$") || Self.startsWord(bytes[end]) else { return nil }
        while end < bytes.count, bytes[end] != UInt8(ascii: "$") {
            guard Self.continuesWord(bytes[end]) else { return nil }
            end += 1
        }
        return end < bytes.count ? bytes[index...end] : nil
    }

    private mutating func skipDollarQuote(_ tag: ArraySlice<UInt8>) throws(PostgresError) {
        let opened = line
        index += tag.count
        while index + tag.count <= bytes.count {
            if bytes[index] == UInt8(ascii: "$"), bytes[index..<(index + tag.count)] == tag {
                index += tag.count
                return
            }
            if bytes[index] == UInt8(ascii: "\n") { line += 1 }
            index += 1
        }
        throw .migration(
            "line \(opened): the dollar quote \(String(decoding: tag, as: UTF8.self)) that starts here is not closed")
    }

    private static func startsWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"), 0x80...0xFF:
            true
        default: false
        }
    }

    /// Inside a word a dollar counts as a letter, so `a$b$c` is one name and no quote.
    private static func continuesWord(_ byte: UInt8) -> Bool {
        startsWord(byte) || (byte >= 0x30 && byte <= 0x39) || byte == UInt8(ascii: "$")
    }
}
