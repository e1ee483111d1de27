#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Writes JSON while a value encodes itself: there is no tree in between.
///
/// A container that a value asks for stays open until something is written outside of it. Values that hold several
/// containers and write to them by turns, or use `superEncoder`, cannot be written this way: ``isComplete`` is false
/// then, and the bytes are of no use.
final class JSONOutput {
    private var writer = JSONByteWriter(capacity: 256)
    private var open: [Open] = []
    private var lastID = 0
    private(set) var isComplete = true

    private struct Open {
        var id: Int
        var isObject: Bool
        var isEmpty = true
        var count = 0
    }

    /// An open container, as those who write into it know it.
    struct Place {
        var level: Int
        var id: Int
    }

    func finish() -> [UInt8] {
        close(to: 0)
        return writer.bytes
    }

    /// Marks the output as useless.
    func giveUp() { isComplete = false }

    // MARK: Containers

    /// Opens a container at a level, or finds the one that is open there: a class and its superclass share one.
    func container(isObject: Bool, at level: Int) -> Place {
        if level < open.count, open[level].isObject == isObject { return Place(level: level, id: open[level].id) }
        if level != open.count { giveUp() }
        lastID += 1
        open.append(Open(id: lastID, isObject: isObject))
        isObject ? writer.append("{") : writer.append("[")
        return Place(level: open.count - 1, id: lastID)
    }

    /// Gets ready for a member of an object.
    func member(_ key: String, of place: Place) {
        guard element(of: place) else { return }
        writer.append(quoted: key)
        writer.append(":")
    }

    /// Gets ready for an element of an array.
    @discardableResult
    func element(of place: Place) -> Bool {
        guard place.level < open.count, open[place.level].id == place.id else {
            giveUp()
            return false
        }
        close(to: place.level + 1)
        if !open[place.level].isEmpty { writer.append(",") }
        open[place.level].isEmpty = false
        open[place.level].count += 1
        return true
    }

    func count(of place: Place) -> Int {
        place.level < open.count && open[place.level].id == place.id ? open[place.level].count : 0
    }

    var level: Int { open.count }

    private func close(to level: Int) {
        while open.count > level {
            let last = open.removeLast()
            last.isObject ? writer.append("}") : writer.append("]")
        }
    }

    // MARK: Values

    func writeNil() { writer.append("null") }
    func write(_ value: Bool) { value ? writer.append("true") : writer.append("false") }
    func write(_ value: String) { writer.append(quoted: value) }
    func write(integer value: some FixedWidthInteger) {
        if let small = Int64(exactly: value) { writer.append(small) } else { writer.append(raw: String(value)) }
    }
    func write(number value: some BinaryFloatingPoint & LosslessStringConvertible) throws {
        guard value.isFinite else {
            throw EncodingError.invalidValue(
                value, .init(codingPath: [], debugDescription: "JSON has no infinity and no NaN"))
        }
        writer.append(raw: value.description)
    }

    /// Any other value.
    func write<Value: Encodable>(_ value: Value) throws {
        if Value.self == String.self, let text = value as? String { return write(text) }
        if Value.self == Int.self, let number = value as? Int { return write(integer: number) }
        if Value.self == UUID.self, let id = value as? UUID {
            writer.append("\"")
            writer.append(id)
            writer.append("\"")
            return
        }
        if Value.self == Date.self, let date = value as? Date {
            writer.append("\"")
            writer.append(time: date)
            writer.append("\"")
            return
        }
        if Value.self == Data.self, let data = value as? Data { return write(data.base64EncodedString()) }
        if Value.self == Decimal.self, let decimal = value as? Decimal {
            guard !decimal.isNaN else { return try write(number: Double.nan) }
            return writer.append(raw: decimal.description)
        }
        if Value.self == URL.self, let url = value as? URL { return write(url.absoluteString) }
        if Value.self == JSONValue.self, let json = value as? JSONValue { return writer.append(json) }
        let (level, length) = (open.count, writer.count)
        try value.encode(to: JSONOutputEncoder(output: self, level: level))
        close(to: level)
        if writer.count == length { writer.append("{}") }
    }
}

/// What a value sees while it is written.
struct JSONOutputEncoder: Encoder {
    let output: JSONOutput
    /// How many containers were open when the value began.
    let level: Int

    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        KeyedEncodingContainer(JSONObjectOutput(output: output, place: output.container(isObject: true, at: level)))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        JSONArrayOutput(output: output, place: output.container(isObject: false, at: level))
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { JSONSingleOutput(output: output, level: level) }
}
