/// The place of a value in a JSON document (RFC 6901): `/items/0/quantity`.
public struct JSONPointer: Sendable, Hashable {
    /// The text, with `~0` for a tilde and `~1` for a slash; empty for the whole document.
    public private(set) var text: String

    /// The whole document.
    public init() { text = "" }

    /// Reads a pointer; nil when it is not one: it must be empty or start with a slash, and after a tilde there must
    /// be 0 or 1.
    public init?(_ text: String) {
        guard text.isEmpty || text.hasPrefix("/") else { return nil }
        var afterTilde = false
        for byte in text.utf8 {
            if afterTilde, byte != UInt8(ascii: "0"), byte != UInt8(ascii: "1") { return nil }
            afterTilde = byte == UInt8(ascii: "~")
        }
        guard !afterTilde else { return nil }
        self.text = text
    }

    /// The names and positions on the way, unescaped.
    public var tokens: [String] {
        text.unicodeScalars.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map { token in
            var result = String.UnicodeScalarView()
            var afterTilde = false
            for scalar in token {
                if afterTilde { result.append(scalar == "0" ? "~" : "/") } else if scalar != "~" { result.append(scalar) }
                afterTilde = !afterTilde && scalar == "~"
            }
            return String(result)
        }
    }

    /// A pointer to a member of the value that this one points to.
    public func appending(_ key: String) -> JSONPointer {
        var copy = self
        copy.text += "/"
        for character in key.unicodeScalars {
            switch character {
            case "~": copy.text += "~0"
            case "/": copy.text += "~1"
            default: copy.text.unicodeScalars.append(character)
            }
        }
        return copy
    }

    /// A pointer to an element of the array that this one points to, counted from 0.
    public func appending(_ index: Int) -> JSONPointer {
        var copy = self
        copy.text += "/\(index)"
        return copy
    }

    /// Whether it is the whole document.
    public var isRoot: Bool { text.isEmpty }
}

extension JSONPointer: CustomStringConvertible {
    /// The text.
    public var description: String { text }
}
