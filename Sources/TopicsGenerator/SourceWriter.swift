/// Writes Swift source text.
struct SourceWriter {
    private(set) var text = ""
    private var level = 0

    /// Writes a line, or an empty one.
    mutating func line(_ line: String = "") {
        text += (line.isEmpty ? "" : String(repeating: "    ", count: level) + line) + "\n"
    }

    /// Writes a line, what it embraces one level deeper, and its closing brace.
    mutating func block(_ head: String, _ body: (inout SourceWriter) -> Void) {
        line(head + " {")
        level += 1
        body(&self)
        level -= 1
        line("}")
    }

    /// Writes text in a second and further level without a brace of its own.
    mutating func indented(_ body: (inout SourceWriter) -> Void) {
        level += 1
        body(&self)
        level -= 1
    }

    /// Writes a doc comment.
    mutating func document(_ lines: [String]) {
        for line in lines { self.line(line.isEmpty ? "///" : "/// " + Self.printable(line)) }
    }

    /// Text as a literal, whatever is in it.
    static func literal(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _
            where scalar.value < 0x20 || scalar.value == 0x7F || scalar.properties.generalCategory == .lineSeparator
                || scalar.properties.generalCategory == .paragraphSeparator || scalar.properties.generalCategory == .format:
                result += "\\u{\(String(scalar.value, radix: 16))}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// Text as a raw literal, which is easier to read when there are many quotes in it. It must have no line breaks.
    static func rawLiteral(_ text: String) -> String {
        var fence = "#"
        while text.contains("\"" + fence) || text.contains("\\" + fence) { fence += "#" }
        return "\(fence)\"\(text)\"\(fence)"
    }

    private static func printable(_ line: String) -> String {
        String(String.UnicodeScalarView(line.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }))
    }
}
