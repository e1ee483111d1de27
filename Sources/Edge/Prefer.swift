public import HTTPTypes

/// What a client prefers, by its `Prefer` headers (RFC 7240). Preferences that are not known, or not well-formed, are
/// ignored, as the RFC asks.
public struct Prefer: Sendable, Equatable {
    /// `wait=N`: how long the client is willing to wait for the outcome.
    public var wait: Duration?
    /// `respond-async`: answer at once.
    public var respondAsync: Bool

    /// The longest wait that is granted, in seconds; longer ones are cut to it.
    public static let longestWait = 60

    /// Creates preferences.
    public init(wait: Duration? = nil, respondAsync: Bool = false) {
        self.wait = wait
        self.respondAsync = respondAsync
    }

    /// Reads all `Prefer` headers. Of a preference given twice the first counts.
    public init(_ headers: HTTPFields) {
        self.init()
        for value in headers[values: .prefer] {
            for preference in Self.split(value, at: ",") { read(preference) }
        }
    }

    /// The value of `Preference-Applied` if waiting was honoured.
    public var applied: String? {
        wait.map { "wait=\($0.components.seconds)" }
    }

    private mutating func read(_ preference: String) {
        let item = Self.split(preference, at: ";").first ?? ""
        let parts = item.split(separator: "=", maxSplits: 1).map { trimmed($0) }
        switch (parts.first?.lowercased(), parts.count > 1 ? parts[1] : nil) {
        case ("respond-async", _):
            respondAsync = true
        case ("wait", let value?) where wait == nil:
            let isQuoted = value.count > 2 && value.hasPrefix("\"") && value.hasSuffix("\"")
            let digits = isQuoted ? String(value.dropFirst().dropLast()) : value
            guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return }
            wait = .seconds(min(Int(digits.prefix(9)) ?? Self.longestWait, Self.longestWait))
        default:
            break
        }
    }

    /// Splits outside of quoted strings.
    private static func split(_ text: String, at separator: Character) -> [String] {
        var parts: [String] = [""]
        var isQuoted = false
        var isEscaped = false
        for character in text {
            if isQuoted && character == "\\" && !isEscaped {
                isEscaped = true
                continue
            }
            if character == "\"" && !isEscaped { isQuoted.toggle() }
            isEscaped = false
            if character == separator && !isQuoted {
                parts.append("")
            } else {
                parts[parts.count - 1].append(character)
            }
        }
        return parts.map { trimmed($0) }
    }
}

extension HTTPField.Name {
    /// `Prefer` (RFC 7240).
    public static let prefer = HTTPField.Name("Prefer")!
    /// `Preference-Applied` (RFC 7240).
    public static let preferenceApplied = HTTPField.Name("Preference-Applied")!
    /// `traceparent` (W3C Trace Context).
    public static let traceparent = HTTPField.Name("traceparent")!
}
