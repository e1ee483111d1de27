/// `minLength`, `maxLength`, `pattern`, `format`.
final class StringRules: Sendable {
    struct Draft {
        var minimumLength = 0
        var maximumLength = Int.max
        var pattern: SchemaPattern?
        var format: StringFormat?

        var isEmpty: Bool { minimumLength == 0 && maximumLength == .max && pattern == nil && format == nil }
    }

    /// In code points.
    let minimumLength: Int
    let maximumLength: Int
    let pattern: SchemaPattern?
    let format: StringFormat?

    init(_ draft: Draft) {
        minimumLength = draft.minimumLength
        maximumLength = draft.maximumLength
        pattern = draft.pattern
        format = draft.format
    }

    /// Whether the length is within the bounds. Counts code points only when the bytes do not tell.
    @inline(__always)
    func allowsLength(of text: String) -> Bool {
        let bytes = text.utf8.count
        // A code point has one to four bytes.
        if bytes <= maximumLength, (bytes + 3) / 4 >= minimumLength { return true }
        if bytes < minimumLength { return false }
        return minimumLength <= maximumLength && minimumLength...maximumLength ~= text.unicodeScalars.count
    }
}
