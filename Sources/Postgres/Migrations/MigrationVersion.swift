/// The version of a migration: dot-separated whole numbers, as in `1`, `1.2` or `2024.11.03`.
///
/// Versions compare number by number, so `1.10` follows `1.9`, and `1.0` equals `1`. The text
/// is kept as it was written (with `_` turned into `.`), because that is what Flyway stores:
/// `V001__x.sql` has the text `001`.
public struct MigrationVersion: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The version as it is stored in the history table, e.g. `1.2`.
    public let text: String
    /// The numbers without trailing zeros, the base of every comparison. Each is kept as its
    /// digits without leading zeros, so that no length of number overflows.
    let parts: [String]

    /// Parses a version. `_` stands for `.`, because file names are written that way.
    ///
    /// - Returns: `nil` when `text` is empty, longer than 50 characters (the width of Flyway's
    ///   column), or contains anything other than digits between single dots.
    public init?(_ text: String) {
        let dotted = String(text.map { $0 == "_" ? "." : $0 })
        guard !dotted.isEmpty, dotted.utf8.count <= 50 else { return nil }
        var parts: [String] = []
        for part in dotted.split(separator: ".", omittingEmptySubsequences: false) {
            guard !part.isEmpty, part.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
            parts.append(String(part.drop { $0 == "0" }))
        }
        while parts.count > 1, parts.last == "" { parts.removeLast() }
        self.text = dotted
        self.parts = parts
    }

    /// The stored text, e.g. `1.2`.
    public var description: String { text }

    /// Whether both name the same version: `1` and `1.0` do.
    public static func == (lhs: MigrationVersion, rhs: MigrationVersion) -> Bool { lhs.parts == rhs.parts }

    /// Hashes what `==` compares.
    public func hash(into hasher: inout Hasher) { hasher.combine(parts) }

    /// Whether `lhs` comes before `rhs`, number by number.
    public static func < (lhs: MigrationVersion, rhs: MigrationVersion) -> Bool {
        for index in 0..<max(lhs.parts.count, rhs.parts.count) {
            let left = index < lhs.parts.count ? lhs.parts[index] : ""
            let right = index < rhs.parts.count ? rhs.parts[index] : ""
            if left == right { continue }
            // Without leading zeros the longer run of digits is the larger number.
            if left.utf8.count != right.utf8.count { return left.utf8.count < right.utf8.count }
            return left < right
        }
        return false
    }
}
