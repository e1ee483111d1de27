/// The names that a subschema knows, with their schemas.
struct PropertyTable: Sendable {
    struct Entry: Sendable {
        let name: String
        let byteCount: Int
        /// Text of ASCII that is equal to a name and as long in bytes is the same text; other text is compared again,
        /// because strings are equal when they are canonically equivalent.
        let isASCII: Bool
        /// nil for a name that is required only.
        let schema: NodeID?

        init(_ name: String, _ schema: NodeID?) {
            var native = name
            native.makeContiguousUTF8()
            self.name = native
            byteCount = native.utf8.count
            isASCII = native.utf8.allSatisfy { $0 < 0x80 }
            self.schema = schema
        }

        @inline(__always)
        func isNamed(_ key: String) -> Bool {
            key.utf8.count == byteCount && key == name && (isASCII || ExactText(key) == ExactText(name))
        }
    }

    let entries: [Entry]
    /// Numbers by name, once there are too many to look at each.
    private let index: [ExactText: Int]?

    init(_ list: [(name: String, schema: NodeID?)]) {
        entries = list.map { Entry($0.name, $0.schema) }
        index =
            entries.count > 8
            ? Dictionary(entries.enumerated().map { (ExactText($1.name), $0) }) { first, _ in first } : nil
    }

    /// The number of a name.
    /// - Parameter hint: where it is likely to be, in a document whose members come in the order of the schema.
    @inline(__always)
    func position(of key: String, hint: Int) -> Int? {
        if hint < entries.count, entries[hint].isNamed(key) { return hint }
        return search(key)
    }

    @inline(never)
    private func search(_ key: String) -> Int? {
        if let index { return index[ExactText(key)] }
        return entries.firstIndex { $0.isNamed(key) }
    }
}
