/// The values of `format` that are checked. Others are taken for annotations, as the draft asks.
enum StringFormat: String, Sendable {
    case dateTime = "date-time"
    case date, time, duration, uuid, email, hostname, ipv4, ipv6, uri, iri, regex
    case idnEmail = "idn-email"
    case uriReference = "uri-reference"
    case iriReference = "iri-reference"
    case uriTemplate = "uri-template"
    case jsonPointer = "json-pointer"
    case relativeJSONPointer = "relative-json-pointer"

    func accepts(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { accepts($0) }
    }

    func accepts(_ utf8: UnsafeBufferPointer<UInt8>) -> Bool {
        var reader = FormatReader(utf8)
        switch self {
        case .dateTime: return reader.dateTime()
        case .date: return reader.date() && reader.isAtEnd
        case .time: return reader.time() && reader.isAtEnd
        case .duration: return reader.duration()
        case .uuid: return reader.uuid()
        case .email: return reader.email(isInternational: false)
        case .idnEmail: return reader.email(isInternational: true)
        case .hostname: return reader.hostname(isInternational: false)
        case .ipv4: return reader.ipv4() && reader.isAtEnd
        case .ipv6: return reader.ipv6() && reader.isAtEnd
        case .uri: return reader.uri(isReference: false, isInternational: false)
        case .uriReference: return reader.uri(isReference: true, isInternational: false)
        case .iri: return reader.uri(isReference: false, isInternational: true)
        case .iriReference: return reader.uri(isReference: true, isInternational: true)
        case .uriTemplate: return reader.uriTemplate()
        case .jsonPointer: return reader.jsonPointer()
        case .relativeJSONPointer: return reader.relativeJSONPointer()
        case .regex: return (try? PatternParser.parse(String(decoding: utf8, as: UTF8.self))) != nil
        }
    }

    /// What a value must be, for a message.
    var noun: String {
        switch self {
        case .dateTime: "a date and time (RFC 3339), as 2026-03-01T09:30:00Z"
        case .date: "a date, as 2026-03-01"
        case .time: "a time of day with its offset, as 09:30:00Z"
        case .duration: "a duration (ISO 8601), as P1DT12H"
        case .uuid: "a UUID"
        case .email, .idnEmail: "an e-mail address"
        case .hostname: "a host name"
        case .ipv4: "an IPv4 address"
        case .ipv6: "an IPv6 address"
        case .uri: "an absolute URI"
        case .uriReference: "a URI reference"
        case .iri: "an absolute IRI"
        case .iriReference: "an IRI reference"
        case .uriTemplate: "a URI template (RFC 6570)"
        case .jsonPointer: "a JSON pointer"
        case .relativeJSONPointer: "a relative JSON pointer"
        case .regex: "a regular expression of ECMA-262"
        }
    }
}

/// Walks over the bytes of a text to see whether it has a form. Takes time proportional to the text.
struct FormatReader {
    let bytes: UnsafeBufferPointer<UInt8>
    var position: Int
    /// Where to stop: the end of the text, or of a part of it.
    var end: Int

    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
        position = 0
        end = bytes.count
    }

    @inline(__always)
    var current: UInt8? { position < end ? bytes[position] : nil }

    @inline(__always)
    var isAtEnd: Bool { position == end }

    @inline(__always)
    mutating func skip(_ byte: Unicode.Scalar) -> Bool {
        guard position < end, bytes[position] == UInt8(ascii: byte) else { return false }
        position += 1
        return true
    }

    /// Steps over bytes as long as they are of a kind.
    /// - Returns: how many there were.
    @inline(__always)
    mutating func skip(while isWanted: (UInt8) -> Bool) -> Int {
        let start = position
        while position < end, isWanted(bytes[position]) { position += 1 }
        return position - start
    }

    /// A number of exactly so many digits, nil for anything else.
    @inline(__always)
    mutating func digits(_ count: Int) -> Int? {
        guard position + count <= end else { return nil }
        var value = 0
        for index in position..<(position + count) {
            guard ASCII.isDigit(bytes[index]) else { return nil }
            value = value * 10 + Int(bytes[index] - 0x30)
        }
        position += count
        return value
    }

    /// The position of a byte from here on.
    func find(_ byte: Unicode.Scalar) -> Int? {
        bytes[position..<end].firstIndex(of: UInt8(ascii: byte))
    }

    /// A reader for a part of the text.
    func part(_ range: Range<Int>) -> FormatReader {
        var copy = self
        copy.position = range.lowerBound
        copy.end = range.upperBound
        return copy
    }
}
