#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Appends JSON to a byte array: no intermediate strings, no tree.
package struct JSONByteWriter: Sendable {
    package private(set) var bytes: [UInt8] = []

    var count: Int { bytes.count }

    package init(capacity: Int) { bytes.reserveCapacity(capacity) }

    /// A literal of the program; it is written as it is.
    @inline(__always)
    package mutating func append(_ text: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    @inline(__always)
    package mutating func append(byte: UInt8) { bytes.append(byte) }

    @inline(__always)
    package mutating func append(_ raw: [UInt8]) { bytes.append(contentsOf: raw) }

    @inline(__always)
    mutating func append(_ raw: ArraySlice<UInt8>) { bytes.append(contentsOf: raw) }

    /// Text that needs no escaping.
    @inline(__always)
    mutating func append(raw text: String) { bytes.append(contentsOf: text.utf8) }

    package mutating func append(_ number: Int64) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var position = 20
            var rest = number.magnitude
            repeat {
                position -= 1
                digits[position] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0
            if number < 0 {
                position -= 1
                digits[position] = UInt8(ascii: "-")
            }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: UnsafeBufferPointer(digits)[position...]))
        }
    }

    /// A member of an object, if it has a value; `head` is all before the quoted text.
    @inline(__always)
    mutating func append(_ head: StaticString, quoted text: String?) {
        guard let text else { return }
        append(head)
        append(quoted: text)
    }

    /// A member of an object, if it has a value; `head` is all before the text of the id, its quote too.
    @inline(__always)
    mutating func append(_ head: StaticString, id: UUID?) {
        guard let id else { return }
        append(head)
        append(id)
        append("\"")
    }

    /// 36 characters, lower case, without quotes.
    mutating func append(_ id: UUID) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 36) { target in
            guard let start = target.baseAddress else { return }
            id.writeLowercase(to: start)
            bytes.append(contentsOf: target)
        }
    }

    /// RFC 3339, without quotes.
    mutating func append(time: Date) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: RFC3339.length) { target in
            guard let start = target.baseAddress else { return }
            RFC3339.write(RFC3339.microseconds(of: time), to: start)
            bytes.append(contentsOf: target)
        }
    }

    /// Text in quotes, escaped where JSON asks for it (RFC 8259, section 7).
    package mutating func append(quoted text: String) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { append(escaping: $0) }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func append(escaping utf8: UnsafeBufferPointer<UInt8>) {
        var start = 0
        for index in utf8.indices {
            let byte = utf8[index]
            guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[start..<index]))
            append(escaped: byte)
            start = index + 1
        }
        bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[start...]))
    }

    private mutating func append(escaped byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): append("\\\"")
        case UInt8(ascii: "\\"): append("\\\\")
        case 0x0A: append("\\n")
        case 0x0D: append("\\r")
        case 0x09: append("\\t")
        default:
            append("\\u00")
            bytes.append(Hex.digit(byte >> 4))
            bytes.append(Hex.digit(byte & 0xF))
        }
    }
}
