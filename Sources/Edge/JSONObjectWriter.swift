#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif
import Contracts

/// Writes a JSON object member by member: small, without reflection, for responses on the hot path.
public struct JSONObjectWriter: Sendable {
    private var bytes: [UInt8] = [UInt8(ascii: "{")]
    private var isFirst = true

    /// Starts an object.
    public init() {
        bytes.reserveCapacity(256)
    }

    /// The object as UTF-8.
    public consuming func finished() -> [UInt8] {
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    /// Adds a string, or `null`.
    public mutating func string(_ name: String, _ value: String?) {
        key(name)
        if let value { quote(value) } else { bytes.append(contentsOf: Self.null) }
    }

    /// Adds an integer, or `null`.
    public mutating func integer(_ name: String, _ value: Int?) {
        key(name)
        bytes.append(contentsOf: value.map { Array(String($0).utf8) } ?? Self.null)
    }

    /// Adds `true` or `false`.
    public mutating func boolean(_ name: String, _ value: Bool) {
        key(name)
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }

    /// Adds a UUID in lower case, or `null`.
    public mutating func uuid(_ name: String, _ value: UUID?) {
        string(name, value?.lowercased)
    }

    /// Adds a time as RFC 3339 in UTC with microseconds, or `null`.
    public mutating func date(_ name: String, _ value: Date?) {
        string(name, value.map { RFC3339.string(from: $0) })
    }

    /// Adds bytes that are JSON already.
    public mutating func raw(_ name: String, _ json: [UInt8]) {
        key(name)
        bytes.append(contentsOf: json)
    }

    /// Adds an object.
    public mutating func object(_ name: String, _ body: (inout JSONObjectWriter) -> Void) {
        key(name)
        append(body)
    }

    /// Adds an array of objects.
    public mutating func array<Element>(
        _ name: String, _ elements: some Sequence<Element>, _ body: (Element, inout JSONObjectWriter) -> Void
    ) {
        key(name)
        bytes.append(UInt8(ascii: "["))
        var separate = false
        for element in elements {
            if separate { bytes.append(UInt8(ascii: ",")) }
            separate = true
            append { body(element, &$0) }
        }
        bytes.append(UInt8(ascii: "]"))
    }

    /// Adds an array of strings.
    public mutating func strings(_ name: String, _ values: some Sequence<String>) {
        key(name)
        bytes.append(UInt8(ascii: "["))
        var separate = false
        for value in values {
            if separate { bytes.append(UInt8(ascii: ",")) }
            separate = true
            quote(value)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    private mutating func append(_ body: (inout JSONObjectWriter) -> Void) {
        var inner = JSONObjectWriter()
        body(&inner)
        bytes.append(contentsOf: inner.finished())
    }

    private mutating func key(_ name: String) {
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        isFirst = false
        quote(name)
        bytes.append(UInt8(ascii: ":"))
    }

    private mutating func quote(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0..<0x20:
                bytes.append(contentsOf: Array("\\u00".utf8))
                bytes.append(Self.hex[Int(byte >> 4)])
                bytes.append(Self.hex[Int(byte & 15)])
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static let null = Array("null".utf8)
    private static let hex = Array("0123456789abcdef".utf8)
}

