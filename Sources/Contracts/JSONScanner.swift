/// Walks over JSON bytes (RFC 8259), checks everything, and allocates nothing.
///
/// All reads are bounded by `bytes.count`; the buffer must outlive the scanner, so it is used inside
/// `withUnsafeBufferPointer` only. Nesting is limited, which also limits its recursion.
struct JSONScanner {
    let bytes: UnsafeBufferPointer<UInt8>
    let maximumDepth: Int
    var position = 0

    /// A string without its quotes.
    struct StringSpan {
        var range: Range<Int>
        var hasEscapes: Bool
    }

    init(_ bytes: UnsafeBufferPointer<UInt8>, limits: JSONLimits) throws(JSONError) {
        self.bytes = bytes
        maximumDepth = limits.maximumDepth
        guard bytes.count <= limits.maximumBytes else {
            throw JSONError(.tooLarge, at: limits.maximumBytes, "the document is larger than \(limits.maximumBytes) bytes")
        }
        if bytes.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF {
            // RFC 8259, section 8.1: a byte order mark must not be sent, and it may be refused.
            throw JSONError(.unexpectedByte, at: 0, "the document starts with a byte order mark")
        }
    }

    /// The byte at the position, nil at the end.
    @inline(__always)
    var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    @inline(__always)
    mutating func skipWhitespace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    /// Steps over `byte`, and says what was expected when it is not there.
    @inline(__always)
    mutating func expect(_ byte: UInt8) throws(JSONError) {
        guard position < bytes.count, bytes[position] == byte else {
            throw unexpected("expected \(Unicode.Scalar(byte))")
        }
        position += 1
    }

    /// After the value nothing but white space may follow.
    mutating func expectEnd() throws(JSONError) {
        skipWhitespace()
        guard position == bytes.count else {
            throw JSONError(.trailingBytes, at: position, "something follows the end of the document")
        }
    }

    func unexpected(_ message: String) -> JSONError {
        position < bytes.count
            ? JSONError(.unexpectedByte, at: position, message)
            : JSONError(.unexpectedEnd, at: bytes.count, message + ", but the document ends")
    }

    // MARK: Values

    /// Steps over one value of any kind.
    /// - Parameter depth: how many arrays and objects are already open.
    mutating func skipValue(depth: Int = 0) throws(JSONError) {
        switch current {
        case UInt8(ascii: "\""): _ = try scanString()
        case UInt8(ascii: "{"): try skipObject(depth: depth)
        case UInt8(ascii: "["): try skipArray(depth: depth)
        case UInt8(ascii: "t"): try scanWord("true")
        case UInt8(ascii: "f"): try scanWord("false")
        case UInt8(ascii: "n"): try scanWord("null")
        case let byte?:
            guard Self.startsNumber(byte) else { throw unexpected("expected a value") }
            _ = try scanNumber()
        case nil: throw unexpected("expected a value")
        }
    }

    private mutating func skipObject(depth: Int) throws(JSONError) {
        try open(depth: depth)
        if try closes(UInt8(ascii: "}")) { return }
        repeat {
            skipWhitespace()
            _ = try scanString()
            try scanColon()
            try skipValue(depth: depth + 1)
        } while try continues(until: UInt8(ascii: "}"))
    }

    private mutating func skipArray(depth: Int) throws(JSONError) {
        try open(depth: depth)
        if try closes(UInt8(ascii: "]")) { return }
        repeat {
            skipWhitespace()
            try skipValue(depth: depth + 1)
        } while try continues(until: UInt8(ascii: "]"))
    }

    // MARK: Structure

    /// Steps over `{` or `[`.
    @inline(__always)
    mutating func open(depth: Int) throws(JSONError) {
        guard depth < maximumDepth else {
            throw JSONError(.tooDeep, at: position, "nested deeper than \(maximumDepth)")
        }
        position += 1
    }

    /// Steps over the end of an empty array or object, if it is one.
    @inline(__always)
    mutating func closes(_ end: UInt8) throws(JSONError) -> Bool {
        skipWhitespace()
        guard current == end else { return false }
        position += 1
        return true
    }

    /// After a member or element: true when a comma says that another follows, false at the end.
    @inline(__always)
    mutating func continues(until end: UInt8) throws(JSONError) -> Bool {
        skipWhitespace()
        guard position < bytes.count else { throw unexpected("expected , or \(Unicode.Scalar(end))") }
        let byte = bytes[position]
        guard byte == UInt8(ascii: ",") || byte == end else {
            throw unexpected("expected , or \(Unicode.Scalar(end))")
        }
        position += 1
        return byte != end
    }

    /// Steps over the colon after a name, and the white space around it.
    @inline(__always)
    mutating func scanColon() throws(JSONError) {
        skipWhitespace()
        try expect(UInt8(ascii: ":"))
        skipWhitespace()
    }

    mutating func scanWord(_ word: StaticString) throws(JSONError) {
        let length = word.utf8CodeUnitCount
        for index in 0..<length {
            guard position + index < bytes.count, bytes[position + index] == word.utf8Start[index] else {
                position = min(position + index, bytes.count)
                throw unexpected("expected \(word)")
            }
        }
        position += length
    }

    // MARK: Numbers

    @inline(__always)
    static func startsNumber(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "-") || byte &- 0x30 < 10 }

    /// Steps over a number and returns where it stood.
    mutating func scanNumber() throws(JSONError) -> Range<Int> {
        let start = position
        if current == UInt8(ascii: "-") { position += 1 }
        let leadingZero = current == UInt8(ascii: "0")
        let digits = skipDigits()
        guard digits == 1 || digits > 0 && !leadingZero else { throw invalidNumber(start) }
        if current == UInt8(ascii: ".") {
            position += 1
            guard skipDigits() > 0 else { throw invalidNumber(start) }
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            position += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
            guard skipDigits() > 0 else { throw invalidNumber(start) }
        }
        return start..<position
    }

    private func invalidNumber(_ start: Int) -> JSONError { JSONError(.invalidNumber, at: start, "not a number") }

    private mutating func skipDigits() -> Int {
        let start = position
        while position < bytes.count, bytes[position] &- 0x30 < 10 { position += 1 }
        return position - start
    }
}
