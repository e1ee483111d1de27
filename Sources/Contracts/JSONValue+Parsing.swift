extension JSONValue {
    /// Reads a document.
    ///
    /// Strict (RFC 8259): UTF-8 without a byte order mark, no lone surrogates, no name twice in an object, nothing
    /// after the value. Any bytes are safe to pass.
    ///
    /// - Throws: what is wrong, with the offset of the byte and a pointer to the value.
    public static func parse(_ bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) -> JSONValue {
        try bytes.withUnsafeBufferPointer { (buffer) throws(JSONError) -> JSONValue in
            var parser = JSONParser(
                scanner: try JSONScanner(buffer, limits: limits), allowsAllNumbers: limits.allowsNumbersBeyondDouble)
            return try parser.parse()
        }
    }

    /// Reads a document from text; see ``parse(_:limits:)-([UInt8],_)``.
    public static func parse(_ text: String, limits: JSONLimits = JSONLimits()) throws(JSONError) -> JSONValue {
        try parse(Array(text.utf8), limits: limits)
    }
}

/// Builds values while a scanner walks.
struct JSONParser {
    var scanner: JSONScanner
    let allowsAllNumbers: Bool
    /// The way to an error, from its end: noted while the error is on its way out, so that it costs nothing before.
    var path: [Step] = []

    enum Step {
        case key(String)
        case index(Int)
    }

    init(scanner: JSONScanner, allowsAllNumbers: Bool) {
        self.scanner = scanner
        self.allowsAllNumbers = allowsAllNumbers
    }

    mutating func parse() throws(JSONError) -> JSONValue {
        do {
            scanner.skipWhitespace()
            let value = try parseValue(depth: 0)
            try scanner.expectEnd()
            return value
        } catch {
            var located = error
            located.pointer = path.reversed().reduce(JSONPointer()) { pointer, step in
                switch step {
                case .key(let key): pointer.appending(key)
                case .index(let index): pointer.appending(index)
                }
            }
            throw located
        }
    }

    /// Reads the value that begins here.
    mutating func parseValue(depth: Int) throws(JSONError) -> JSONValue {
        switch scanner.current {
        case UInt8(ascii: "\""): return .string(scanner.text(try scanner.scanString()))
        case UInt8(ascii: "{"): return .object(try parseObject(depth: depth))
        case UInt8(ascii: "["): return .array(try parseArray(depth: depth))
        case let byte? where JSONScanner.startsNumber(byte):
            return .number(try parseNumber())
        case UInt8(ascii: "t"):
            try scanner.scanWord("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try scanner.scanWord("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try scanner.scanWord("null")
            return .null
        default: throw scanner.unexpected("expected a value")
        }
    }

    private mutating func parseNumber() throws(JSONError) -> JSONNumber {
        let range = try scanner.scanNumber()
        let number = JSONNumber(checked: String(decoding: scanner.bytes[range], as: UTF8.self))
        // The largest double has 309 digits: a shorter number is beyond it only by its exponent.
        if !allowsAllNumbers, range.count > 308 || scanner.bytes[range].contains(where: { $0 | 0x20 == UInt8(ascii: "e") }),
            !number.double.isFinite
        {
            throw JSONError(.numberOutOfRange, at: range.lowerBound, "a number beyond the range of a double")
        }
        return number
    }

    private mutating func parseObject(depth: Int) throws(JSONError) -> JSONObject {
        try scanner.open(depth: depth)
        if try scanner.closes(UInt8(ascii: "}")) { return JSONObject() }
        var object = JSONObject(capacity: 4)
        repeat {
            scanner.skipWhitespace()
            let start = scanner.position
            let key = scanner.text(try scanner.scanString())
            try scanner.scanColon()
            do throws(JSONError) {
                guard object.insert(key, try parseValue(depth: depth + 1)) else {
                    throw JSONError(.duplicateKey, at: start, "a name that the object already has")
                }
            } catch {
                path.append(.key(key))
                throw error
            }
        } while try scanner.continues(until: UInt8(ascii: "}"))
        return object
    }

    private mutating func parseArray(depth: Int) throws(JSONError) -> [JSONValue] {
        var values: [JSONValue] = []
        try scanner.open(depth: depth)
        if try scanner.closes(UInt8(ascii: "]")) { return values }
        repeat {
            scanner.skipWhitespace()
            do throws(JSONError) {
                values.append(try parseValue(depth: depth + 1))
            } catch {
                path.append(.index(values.count))
                throw error
            }
        } while try scanner.continues(until: UInt8(ascii: "]"))
        return values
    }
}
