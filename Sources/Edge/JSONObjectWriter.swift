import Contracts

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Writes a JSON object member by member: small, without reflection, for responses on the hot path.
public struct JSONObjectWriter: Sendable {
    private var json = JSONByteWriter(capacity: 256)
    private var isFirst = true

    /// Starts an object.
    public init() {
        json.append("{")
    }

    /// The object as UTF-8.
    public consuming func finished() -> [UInt8] {
        json.append("}")
        return json.bytes
    }

    /// Adds a string, or `null`.
    public mutating func string(_ name: String, _ value: String?) {
        key(name)
        if let value { json.append(quoted: value) } else { json.append("null") }
    }

    /// Adds an integer, or `null`.
    public mutating func integer(_ name: String, _ value: Int?) {
        key(name)
        if let value { json.append(Int64(value)) } else { json.append("null") }
    }

    /// Adds `true` or `false`.
    public mutating func boolean(_ name: String, _ value: Bool) {
        key(name)
        json.append(value ? "true" : "false")
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
    public mutating func raw(_ name: String, _ bytes: [UInt8]) {
        key(name)
        json.append(bytes)
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
        list(name, elements) { element, writer in writer.append { body(element, &$0) } }
    }

    /// Adds an array of strings.
    public mutating func strings(_ name: String, _ values: some Sequence<String>) {
        list(name, values) { value, writer in writer.json.append(quoted: value) }
    }

    private mutating func list<Element>(
        _ name: String, _ elements: some Sequence<Element>, _ write: (Element, inout JSONObjectWriter) -> Void
    ) {
        key(name)
        json.append("[")
        var separate = false
        for element in elements {
            if separate { json.append(",") }
            separate = true
            write(element, &self)
        }
        json.append("]")
    }

    private mutating func append(_ body: (inout JSONObjectWriter) -> Void) {
        var inner = JSONObjectWriter()
        body(&inner)
        json.append(inner.finished())
    }

    private mutating func key(_ name: String) {
        if !isFirst { json.append(",") }
        isFirst = false
        json.append(quoted: name)
        json.append(":")
    }
}
