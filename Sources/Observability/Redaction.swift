/// Keeps secrets out of logs.
public enum Redaction {
    /// What is written in place of a secret.
    public static let mark = "[redacted]"

    private static let secretWords = [
        "password", "passwd", "secret", "token", "authorization", "apikey", "api_key", "cookie",
    ]

    /// The value of a field as it may be logged: ``mark`` if the field's name speaks of a secret.
    public static func value(_ value: String, named name: String) -> String {
        let lowered = name.lowercased()
        return secretWords.contains { lowered.contains($0) } ? mark : text(value)
    }

    /// Text with the password of each `scheme://user:password@host` replaced.
    public static func text(_ text: String) -> String {
        guard text.contains("://"), text.contains("@") else { return text }
        var result = ""
        var rest = text[...]
        while let scheme = rest.firstRange(of: "://") {
            let start = scheme.upperBound
            let end = rest[start...].firstIndex { " /?#\"'<>\n".contains($0) } ?? rest.endIndex
            let authority = rest[start..<end]
            result += rest[..<start]
            if let at = authority.lastIndex(of: "@"), let colon = authority[..<at].firstIndex(of: ":") {
                result += authority[...colon] + mark + authority[at...]
            } else {
                result += authority
            }
            rest = rest[end...]
        }
        return result + rest
    }
}
