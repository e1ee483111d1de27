#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension Envelope {
    /// The limits of an envelope: 16 MiB, and data nested at most 64 deep.
    public static let defaultLimits = JSONLimits()

    /// Reads an envelope. ``data`` keeps the bytes of the message as they are, white space and all.
    ///
    /// `id`, `source`, `type`, `specversion` and `time` are required. Attributes that Millrace does not know are
    /// kept in ``extensions``, numbers and booleans as their text; an attribute that is null counts as absent.
    /// `data_base64` is read when it holds JSON.
    ///
    /// - Parameter limits: the depth is counted within the data.
    /// - Throws: `.malformed`, `.tooLarge`, `.missingAttribute`, `.invalidAttribute` or `.unsupported`, with the
    ///   offset of the byte.
    public init(decoding bytes: [UInt8], limits: JSONLimits = Envelope.defaultLimits) throws(ContractError) {
        self = try bytes.withUnsafeBufferPointer { (buffer) throws(ContractError) -> Envelope in
            var reader = EnvelopeReader(scanner: try EnvelopeReader.scanner(buffer, limits: limits))
            return try reader.read()
        }
    }
}

/// Reads the members of the one object that an envelope is.
private struct EnvelopeReader {
    var scanner: JSONScanner
    var seen: Set = []
    var extensions: [String: String] = [:]

    var id: UUID?
    var source: String?
    var type: String?
    var subject: String?
    var time: Int64?
    var dataschema: String?
    var correlationID: UUID?
    var causationID: UUID?
    var partitionKey: String?
    var sequence: Int64?
    var traceparent: String?
    var data: Range<Int>?
    var base64: (text: String, offset: Int)?
    var isJSON = true

    init(scanner: JSONScanner) { self.scanner = scanner }

    /// The attributes that have a place of their own.
    struct Set: OptionSet {
        let rawValue: UInt16
        static let specversion = Set(rawValue: 1 << 0)
        static let id = Set(rawValue: 1 << 1)
        static let source = Set(rawValue: 1 << 2)
        static let type = Set(rawValue: 1 << 3)
        static let subject = Set(rawValue: 1 << 4)
        static let time = Set(rawValue: 1 << 5)
        static let datacontenttype = Set(rawValue: 1 << 6)
        static let dataschema = Set(rawValue: 1 << 7)
        static let correlationid = Set(rawValue: 1 << 8)
        static let causationid = Set(rawValue: 1 << 9)
        static let partitionkey = Set(rawValue: 1 << 10)
        static let sequence = Set(rawValue: 1 << 11)
        static let traceparent = Set(rawValue: 1 << 12)
        static let data = Set(rawValue: 1 << 13)
        static let dataBase64 = Set(rawValue: 1 << 14)
    }

    static func scanner(
        _ buffer: UnsafeBufferPointer<UInt8>, limits: JSONLimits
    ) throws(ContractError) -> JSONScanner {
        do {
            return try JSONScanner(buffer, limits: limits)
        } catch {
            throw ContractError(error)
        }
    }

    mutating func read() throws(ContractError) -> Envelope {
        var failure: ContractError?
        do throws(JSONError) {
            scanner.skipWhitespace()
            guard scanner.current == UInt8(ascii: "{") else { throw scanner.unexpected("expected an object") }
            scanner.position += 1
            if try !scanner.closes(UInt8(ascii: "}")) {
                repeat {
                    scanner.skipWhitespace()
                    let start = scanner.position
                    let name = try scanner.scanString()
                    try scanner.scanColon()
                    failure = try readAttribute(name, at: start)
                } while try failure == nil ? scanner.continues(until: UInt8(ascii: "}")) : false
            }
            if failure == nil { try scanner.expectEnd() }
        } catch {
            throw ContractError(error)
        }
        if let failure { throw failure }
        return try finish()
    }

    // MARK: One attribute

    /// Reads a value into its place. Returns what is wrong with it, if something is.
    private mutating func readAttribute(_ name: JSONScanner.StringSpan, at start: Int) throws(JSONError) -> ContractError? {
        guard let attribute = attribute(name) else { return try readExtension(name, at: start) }
        guard seen.insert(attribute).inserted else {
            return ContractError(.malformed, "the attribute \"\(scanner.text(name))\" is there twice", offset: start)
        }
        let offset = scanner.position
        if attribute == .data {
            try scanner.skipValue()
            data = offset..<scanner.position
            return nil
        }
        if scanner.current == UInt8(ascii: "n") {
            try scanner.scanWord("null")
            return nil
        }
        if attribute == .sequence, scanner.current != UInt8(ascii: "\"") {
            guard let byte = scanner.current, byte == UInt8(ascii: "-") || byte &- 0x30 < 10 else {
                return invalid(name, "a whole number", offset)
            }
            sequence = integer(try scanner.scanNumber())
            return sequence == nil ? invalid(name, "a whole number", offset) : nil
        }
        guard scanner.current == UInt8(ascii: "\"") else { return invalid(name, "a string", offset) }
        let value = try scanner.scanString()
        return store(value, of: attribute, name: name, offset: offset)
    }

    private mutating func store(
        _ value: JSONScanner.StringSpan, of attribute: Set, name: JSONScanner.StringSpan, offset: Int
    ) -> ContractError? {
        switch attribute {
        case .id:
            id = uuid(value)
            if id == nil { return invalid(name, "a UUID", offset) }
        case .correlationid:
            correlationID = uuid(value)
            if correlationID == nil { return invalid(name, "a UUID", offset) }
        case .causationid:
            causationID = uuid(value)
            if causationID == nil { return invalid(name, "a UUID", offset) }
        case .time:
            time = RFC3339.microseconds(parsing: UnsafeBufferPointer(rebasing: scanner.bytes[value.range]))
            if time == nil { return invalid(name, "an RFC 3339 time", offset) }
        case .sequence:
            sequence = integer(value.range)
            if sequence == nil { return invalid(name, "a whole number", offset) }
        case .source:
            source = scanner.text(value)
            if value.range.isEmpty { return invalid(name, "a non-empty string", offset) }
        case .type:
            type = scanner.text(value)
            if value.range.isEmpty { return invalid(name, "a non-empty string", offset) }
        case .specversion:
            guard matches(value.range, "1.0") else {
                return ContractError(.unsupported, "specversion is not 1.0", offset: offset)
            }
        case .datacontenttype: isJSON = matches(value.range, "application/json") || Self.isJSON(scanner.text(value))
        case .dataBase64: base64 = (scanner.text(value), offset)
        case .subject: subject = scanner.text(value)
        case .dataschema: dataschema = scanner.text(value)
        case .partitionkey: partitionKey = scanner.text(value)
        default: traceparent = scanner.text(value)
        }
        return nil
    }

    private mutating func readExtension(_ span: JSONScanner.StringSpan, at start: Int) throws(JSONError) -> ContractError? {
        let name = scanner.text(span)
        guard Envelope.isExtensionName(name) else {
            return ContractError(
                .invalidAttribute, "\"\(name)\" is not a name for an attribute: lower-case letters and digits", offset: start)
        }
        guard extensions[name] == nil else {
            return ContractError(.malformed, "the attribute \"\(name)\" is there twice", offset: start)
        }
        let offset = scanner.position
        switch scanner.current {
        case UInt8(ascii: "\""): extensions[name] = scanner.text(try scanner.scanString())
        case UInt8(ascii: "n"): try scanner.scanWord("null")
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            return ContractError(
                .invalidAttribute, "\"\(name)\" must be a string, a number or a boolean", offset: offset)
        default:
            try scanner.skipValue()
            extensions[name] = String(decoding: scanner.bytes[offset..<scanner.position], as: UTF8.self)
        }
        return nil
    }

    // MARK: The whole

    private func finish() throws(ContractError) -> Envelope {
        guard seen.contains(.specversion) else { throw missing("specversion") }
        guard let id else { throw missing("id") }
        guard let source else { throw missing("source") }
        guard let type else { throw missing("type") }
        guard let time else { throw missing("time") }
        return Envelope(
            id: id, source: source, type: type, subject: subject, time: RFC3339.date(microseconds: time),
            dataschema: dataschema, correlationID: correlationID, causationID: causationID,
            partitionKey: partitionKey, sequence: sequence, traceparent: traceparent, extensions: extensions,
            data: try payload())
    }

    private func missing(_ name: String) -> ContractError {
        ContractError(.missingAttribute, "the attribute \"\(name)\" is missing", offset: 0)
    }

    private func payload() throws(ContractError) -> [UInt8] {
        guard data != nil || base64 != nil else { return [] }
        guard isJSON else { throw ContractError(.unsupported, "the data is not JSON (datacontenttype)") }
        guard let base64 else { return data.map { Array(scanner.bytes[$0]) } ?? [] }
        guard data == nil else {
            throw ContractError(.malformed, "both data and data_base64 are there", offset: base64.offset)
        }
        guard let decoded = Data(base64Encoded: base64.text).map(Array.init) else {
            throw ContractError(.invalidAttribute, "data_base64 is not base64", offset: base64.offset)
        }
        let depth = scanner.maximumDepth
        let failure: JSONError? = decoded.withUnsafeBufferPointer { buffer in
            do throws(JSONError) {
                var inner = try JSONScanner(buffer, limits: JSONLimits(maximumBytes: .max, maximumDepth: depth))
                inner.skipWhitespace()
                try inner.skipValue()
                try inner.expectEnd()
                return nil
            } catch {
                return error
            }
        }
        if let failure {
            throw ContractError(
                .malformed, "data_base64 does not hold JSON: \(failure)", offset: base64.offset)
        }
        return decoded
    }

    // MARK: Parts of values

    private func invalid(_ name: JSONScanner.StringSpan, _ expected: String, _ offset: Int) -> ContractError {
        ContractError(.invalidAttribute, "the attribute \"\(scanner.text(name))\" must be \(expected)", offset: offset)
    }

    private func matches(_ range: Range<Int>, _ text: StaticString) -> Bool {
        guard range.count == text.utf8CodeUnitCount else { return false }
        for index in 0..<range.count where scanner.bytes[range.lowerBound + index] != text.utf8Start[index] {
            return false
        }
        return true
    }

    private func attribute(_ name: JSONScanner.StringSpan) -> Set? {
        let range = name.range
        switch range.count {
        case 2 where matches(range, "id"): return .id
        case 4 where matches(range, "type"): return .type
        case 4 where matches(range, "time"): return .time
        case 4 where matches(range, "data"): return .data
        case 6 where matches(range, "source"): return .source
        case 7 where matches(range, "subject"): return .subject
        case 8 where matches(range, "sequence"): return .sequence
        case 10 where matches(range, "dataschema"): return .dataschema
        case 11 where matches(range, "specversion"): return .specversion
        case 11 where matches(range, "causationid"): return .causationid
        case 11 where matches(range, "traceparent"): return .traceparent
        case 11 where matches(range, "data_base64"): return .dataBase64
        case 12 where matches(range, "partitionkey"): return .partitionkey
        case 13 where matches(range, "correlationid"): return .correlationid
        case 15 where matches(range, "datacontenttype"): return .datacontenttype
        default: return nil
        }
    }

    private func uuid(_ value: JSONScanner.StringSpan) -> UUID? {
        UUID(parsing: UnsafeBufferPointer(rebasing: scanner.bytes[value.range]))
    }

    private func integer(_ range: Range<Int>) -> Int64? {
        Int64(String(decoding: scanner.bytes[range], as: UTF8.self))
    }

    /// `application/json`, `text/json` or anything that ends in `+json`, with or without parameters.
    private static func isJSON(_ contentType: String) -> Bool {
        let media = contentType.prefix { $0 != ";" }.filter { $0 != " " }.lowercased()
        return media.hasSuffix("/json") || media.hasSuffix("+json")
    }
}
