/// The rule of one binding of a headers exchange.
struct HeaderMatch {
    private let matchesAny: Bool
    private let fields: [FieldTable.Field]

    /// - Throws: 406 for an `x-match` that does not exist.
    static func validate(_ arguments: FieldTable) throws(ProtocolFault) {
        guard let value = arguments["x-match"] else { return }
        guard value.isLongString else {
            throw ProtocolFault(
                .preconditionFailed,
                "Invalid x-match field type \(value.typeName) (value \(value.printed)); expected longstr")
        }
        guard ["all", "any", "all-with-x", "any-with-x"].contains(value.printed) else {
            throw ProtocolFault(
                .preconditionFailed,
                "Invalid x-match field value <<\"\(value.printed)\">>; expected all, any, all-with-x, or any-with-x")
        }
    }

    init(_ arguments: FieldTable) {
        let mode = arguments["x-match"]?.text ?? "all"
        let countsX = mode.hasSuffix("-with-x")
        matchesAny = mode.hasPrefix("any")
        // A name that occurs twice has one value, the last.
        var table = FieldTable()
        for field in arguments.fields { table[field.name] = field.value }
        fields = table.fields.filter { $0.name != "x-match" && (countsX || !$0.name.hasPrefix("x-")) }
    }

    /// A field without a value (`void`) asks only that the header is there. With no fields, `all` matches every message
    /// and `any` none.
    func accepts(_ headers: FieldTable) -> Bool {
        matchesAny ? fields.contains { isMet($0, headers) } : fields.allSatisfy { isMet($0, headers) }
    }

    private func isMet(_ field: FieldTable.Field, _ headers: FieldTable) -> Bool {
        guard let value = headers[field.name] else { return false }
        return field.value == .void || field.value.isWorth(value)
    }
}
