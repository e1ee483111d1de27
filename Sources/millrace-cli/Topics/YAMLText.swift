import Contracts

/// Writes JSON as YAML: blocks for objects and lists, quotes only where a word could be read as something else.
enum YAMLText {
    static func text(_ value: JSONValue) -> String {
        var lines: [String] = []
        write(value, indent: 0, prefix: "", to: &lines)
        return lines.joined(separator: "\n")
    }

    /// - Parameter prefix: what stands before the value on its first line: a key, a dash.
    private static func write(_ value: JSONValue, indent: Int, prefix: String, to lines: inout [String]) {
        let space = String(repeating: " ", count: indent)
        switch value {
        case .object(let object) where !object.isEmpty:
            if !prefix.isEmpty, !prefix.hasSuffix("- ") { lines.append(prefix) }
            for (index, member) in object.enumerated() {
                let start = index == 0 && prefix.hasSuffix("- ") ? prefix : space
                let key = start + scalar(member.key) + ":"
                write(member.value, indent: indent + 2, prefix: key, to: &lines)
            }
        case .array(let values) where !values.isEmpty:
            if !prefix.isEmpty, !prefix.hasSuffix("- ") { lines.append(prefix) }
            for (index, element) in values.enumerated() {
                let start = index == 0 && prefix.hasSuffix("- ") ? prefix : space
                write(element, indent: indent + 2, prefix: start + "- ", to: &lines)
            }
        default:
            let separator = prefix.isEmpty || prefix.hasSuffix("- ") ? "" : " "
            lines.append(prefix + separator + leaf(value))
        }
    }

    private static func leaf(_ value: JSONValue) -> String {
        switch value {
        case .string(let text): scalar(text)
        case .object: "{}"
        case .array: "[]"
        default: value.description
        }
    }

    private static func scalar(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || " ._/-$".utf8.contains(byte)
        }
        let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n", "~"]
        guard isPlain, let first = text.first, first.isLetter || first == "$", text.last != " ", !words.contains(text.lowercased()) else {
            return JSONValue.string(text).description
        }
        return text
    }
}
