/// How the columns of one result map to the properties of a `Decodable` type; made once per result.
///
/// A property finds the column of its exact name, else the column that is the same without underscores and upper case:
/// `customer_id` fills `customerId` and `customerID`.
final class RowPlan {
    private var columns: [String: Int] = [:]
    private var loose: [String: Int] = [:]
    let handle: ResultHandle

    init(_ handle: ResultHandle) {
        self.handle = handle
        for index in (0..<handle.columnCount).reversed() {
            let name = handle.columnName(index)
            columns[name] = index
            loose[Self.normalized(name)] = index
        }
    }

    private static func normalized(_ name: String) -> String {
        String(decoding: name.utf8.lazy.filter { $0 != UInt8(ascii: "_") }.map { $0 >= 65 && $0 <= 90 ? $0 + 32 : $0 }, as: UTF8.self)
    }

    func column(for key: String) -> Int? {
        if let known = columns[key] { return known < 0 ? nil : known }
        let found = loose[Self.normalized(key)]
        columns[key] = found ?? -1  // remembered, so that a missing optional column costs one lookup per row
        return found
    }

    /// The keys for `allKeys`: column names turned to camelCase.
    var camelCaseNames: [String] {
        (0..<handle.columnCount).map { index in
            let parts = handle.columnName(index).split(separator: "_")
            return parts.enumerated().map { $0 == 0 ? String($1) : $1.prefix(1).uppercased() + $1.dropFirst() }.joined()
        }
    }

    func decode<T: Decodable>(_ type: T.Type, _ row: PostgresRow) throws(PostgresError) -> T {
        do {
            if let native = T.self as? any PostgresDecodable.Type { return try cast(native.decode(try row.cell(at: 0))) }
            return try T(from: RowDecoder(plan: self, row: row))
        } catch let error as PostgresError {
            throw error
        } catch {
            throw PostgresError(code: .decoding, message: "a row cannot become \(T.self)", underlying: error)
        }
    }
}

/// A value decoded through its dynamic type, as the type the caller asked for.
func cast<T>(_ value: some PostgresDecodable) throws(PostgresError) -> T {
    guard let result = value as? T else {
        throw PostgresError(code: .decoding, message: "\(type(of: value)) is not \(T.self)")
    }
    return result
}
