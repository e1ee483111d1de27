/// One thing that `millrace setup` looked after.
package struct SetupStep: Sendable, Encodable, Equatable {
    /// What became of it.
    package enum Change: String, Sendable, Encodable {
        /// It was not there.
        case made
        /// It was there, and was given what it should have.
        case updated
        /// It was there, and as it should be.
        case kept
    }

    /// What kind of thing: database, role, schema, vhost, user, permissions, exchange, topic or file.
    package var what: String
    package var name: String
    package var change: Change

    package init(_ what: String, _ name: String, _ change: Change) {
        self.what = what
        self.name = name
        self.change = change
    }
}
