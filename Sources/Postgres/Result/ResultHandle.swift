import CLibPQ

/// Owns one `PGresult` and frees it.
///
/// Sendable by proof: after `PQgetResult` has returned it, libpq never touches a result again and nothing here writes to it; the
/// functions used on it only read (https://www.postgresql.org/docs/current/libpq-threading.html: results "can be passed around
/// freely between threads" when they are treated as read-only). It is freed once, in `deinit`, when nobody refers to it.
final class ResultHandle: @unchecked Sendable {
    private let pointer: OpaquePointer

    /// Takes ownership.
    init(_ pointer: OpaquePointer) { self.pointer = pointer }
    deinit { PQclear(pointer) }

    var status: ExecStatusType { PQresultStatus(pointer) }
    var rowCount: Int { Int(PQntuples(pointer)) }
    var columnCount: Int { Int(PQnfields(pointer)) }
    /// E.g. `INSERT 0 1`.
    var commandTag: String { String(cString: PQcmdStatus(pointer)) }
    var affectedRows: Int { Int(String(cString: PQcmdTuples(pointer))) ?? 0 }

    func columnName(_ index: Int) -> String { PQfname(pointer, CInt(index)).map { String(cString: $0) } ?? "?" }
    func columnType(_ index: Int) -> PostgresType { PostgresType(oid: PQftype(pointer, CInt(index))) }

    func columnIndex(named name: String) -> Int? {
        var name = name
        return name.withUTF8 { wanted in
            for index in 0..<columnCount {
                guard let candidate = PQfname(pointer, CInt(index)) else { continue }
                var position = 0
                while position < wanted.count, UInt8(bitPattern: candidate[position]) == wanted[position] { position += 1 }
                if position == wanted.count, candidate[position] == 0 { return index }
            }
            return nil
        }
    }

    /// The caller has checked both indices.
    func cell(row: Int, column: Int) -> PostgresCell {
        let row32 = CInt(row)
        let column32 = CInt(column)
        let isNull = PQgetisnull(pointer, row32, column32) != 0
        return PostgresCell(
            owner: self, type: PostgresType(oid: PQftype(pointer, column32)), column: .init(index: column, row: row),
            start: isNull ? nil : UnsafeRawPointer(PQgetvalue(pointer, row32, column32)),
            count: isNull ? 0 : Int(PQgetlength(pointer, row32, column32)))
    }

    private func field(_ code: Character) -> String? {
        guard let value = code.asciiValue, let text = PQresultErrorField(pointer, CInt(value)) else { return nil }
        return String(cString: text)
    }

    /// The server's error in this result. The field codes are those of the protocol
    /// (https://www.postgresql.org/docs/current/protocol-error-fields.html).
    func error(query: String?, file: String, line: Int) -> PostgresError {
        let state = field("C")
        let message = field("M") ?? PQresultErrorMessage(pointer).map { String(cString: $0) } ?? "no message"
        return PostgresError(
            code: .server, message: message, sqlState: state, detail: field("D"), hint: field("H"), constraint: field("n"),
            table: field("t"), column: field("c"), routine: field("R"), query: query, position: field("P").flatMap { Int($0) },
            file: file, line: line)
    }
}
