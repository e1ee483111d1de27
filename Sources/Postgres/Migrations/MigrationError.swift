extension PostgresError {
    /// An error of code `.migration`.
    static func migration(
        _ message: String, underlying: (any Error)? = nil, file: String = #fileID, line: Int = #line
    ) -> PostgresError {
        PostgresError(code: .migration, message: message, underlying: underlying, file: file, line: line)
    }
}
