/// What may be written to a terminal. Messages, errors and keys come from anywhere: a control sequence in one could rewrite what an
/// operator reads, or type for him.
package enum TerminalText {
    /// The text with each control character replaced by U+FFFD, except line feeds, tabs, and the colours that the console sets.
    package static func harmless(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        var result = String.UnicodeScalarView()
        var rest = text.unicodeScalars[...]
        while let scalar = rest.first {
            let length = colourLength(rest)
            if length > 0 {
                result.append(contentsOf: rest.prefix(length))
            } else {
                result.append(isControl(scalar) ? "\u{FFFD}" : scalar)
            }
            rest = rest.dropFirst(max(1, length))
        }
        return String(result)
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.generalCategory == .control && scalar != "\n" && scalar != "\t"
    }

    /// How long the sequence is that sets colours here (ECMA-48, SGR); 0 if none begins.
    private static func colourLength(_ text: Substring.UnicodeScalarView) -> Int {
        guard text.starts(with: "\u{1B}[".unicodeScalars) else { return 0 }
        let parameters = text.dropFirst(2).prefix { ("0"..."9").contains($0) || $0 == ";" }
        return text.dropFirst(2 + parameters.count).first == "m" ? parameters.count + 3 : 0
    }
}
