extension String {
    /// The text with U+FFFD in the place of each NUL, which PostgreSQL cannot store.
    package var storable: String {
        utf8.contains(0) ? String(unicodeScalars.map { $0 == "\0" ? "\u{FFFD}" : Character($0) }) : self
    }
}
