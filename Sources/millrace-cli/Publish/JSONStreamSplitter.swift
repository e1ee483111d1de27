/// Finds where one JSON value ends and the next begins, in a stream that is fed piece by piece.
///
/// The values stand side by side, with white space or line feeds between them (NDJSON), or they are the elements of one
/// array. It looks at brackets and strings only; whether a value is right JSON, the reader of the value finds out.
package struct JSONStreamSplitter {
    /// One value, as it stood in the stream.
    package struct Record: Equatable, Sendable {
        /// Its number, from 1.
        package var number: Int
        /// The line it begins in, from 1.
        package var line: Int
        package var bytes: [UInt8]
    }

    /// Why no further value can be read.
    package struct Failure: Error, Equatable, CustomStringConvertible {
        package var line: Int
        package var reason: String
        package var description: String { "line \(line): \(reason)" }
    }

    private enum Place { case start, betweenValues, afterElement, beforeElement, inValue, end }

    private let maximumBytes: Int
    private var place = Place.start
    private var isArray = false
    private var depth = 0
    private var inString = false
    private var escaped = false
    private var line = 1
    private var recordLine = 1
    private var count = 0
    private var value: [UInt8] = []

    /// - Parameter maximumBytes: values that are larger are refused.
    package init(maximumBytes: Int) { self.maximumBytes = maximumBytes }

    /// Whether a value begins next that is not an element of an array.
    package var isBetweenValues: Bool { place == .betweenValues || place == .start }

    /// The number of the next value, and the line that is read.
    package var next: (number: Int, line: Int) { (count + 1, line) }

    /// Steps over a line that holds one whole value, as the caller knows. Only where ``isBetweenValues`` holds.
    package mutating func stepOverLine() {
        count += 1
        line += 1
        place = .betweenValues
    }

    /// Takes the next bytes of the stream, and appends the values that they complete.
    package mutating func feed(_ bytes: some Collection<UInt8>, into records: inout [Record]) throws(Failure) {
        for byte in bytes {
            if place == .inValue {
                try proceed(byte, &records)
            } else {
                try begin(byte, &records)
            }
            if byte == 0x0A { line += 1 }
        }
    }

    /// Ends the stream.
    package mutating func finish(into records: inout [Record]) throws(Failure) {
        if place == .inValue, depth == 0, !inString { complete(&records) }
        if place == .inValue { throw Failure(line: recordLine, reason: "the value that begins here does not end") }
        if isArray, place != .end { throw Failure(line: line, reason: "the array is not closed by ]") }
    }

    private mutating func begin(_ byte: UInt8, _ records: inout [Record]) throws(Failure) {
        switch byte {
        case 0x20, 0x09, 0x0A, 0x0D: return
        default: break
        }
        switch (place, byte) {
        case (.start, UInt8(ascii: "[")):
            isArray = true
            place = .beforeElement
        case (.beforeElement, UInt8(ascii: "]")) where count == 0, (.afterElement, UInt8(ascii: "]")): place = .end
        case (.afterElement, UInt8(ascii: ",")): place = .beforeElement
        case (.afterElement, _): throw Failure(line: line, reason: "expected , or ] after an element of the array")
        case (.end, _): throw Failure(line: line, reason: "something follows the array")
        case (.beforeElement, UInt8(ascii: ",")), (.beforeElement, UInt8(ascii: "]")):
            throw Failure(line: line, reason: "an element of the array is missing")
        default:
            place = .inValue
            recordLine = line
            try proceed(byte, &records)
        }
    }

    private mutating func proceed(_ byte: UInt8, _ records: inout [Record]) throws(Failure) {
        if depth == 0, !inString, !value.isEmpty {
            // A number or a word ends where something else begins.
            switch byte {
            case 0x20, 0x09, 0x0A, 0x0D:
                return complete(&records)
            case UInt8(ascii: ","), UInt8(ascii: "]"):
                guard isArray else { break }
                complete(&records)
                return try begin(byte, &records)
            default: break
            }
        }
        guard value.count < maximumBytes else {
            throw Failure(
                line: recordLine,
                reason: "the value that begins here is larger than \(maximumBytes) bytes, or does not end; --max-bytes raises the limit")
        }
        value.append(byte)
        if inString {
            if escaped {
                escaped = false
            } else if byte == UInt8(ascii: "\\") {
                escaped = true
            } else if byte == UInt8(ascii: "\"") {
                inString = false
                if depth == 0 { complete(&records) }
            }
            return
        }
        switch byte {
        case UInt8(ascii: "\""): inString = true
        case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            guard depth > 0 else { throw Failure(line: line, reason: "\(Character(Unicode.Scalar(byte))) without its opening") }
            depth -= 1
            if depth == 0 { complete(&records) }
        default: break
        }
    }

    private mutating func complete(_ records: inout [Record]) {
        count += 1
        records.append(Record(number: count, line: recordLine, bytes: value))
        value.removeAll(keepingCapacity: true)
        place = isArray ? .afterElement : .betweenValues
    }
}
