/// Why a regular expression cannot be used.
struct PatternError: Error, Sendable, CustomStringConvertible {
    enum Kind: Sendable {
        /// It is none.
        case invalid
        /// It is one, but has something that is not provided for.
        case unsupported
        /// It is larger than the limit.
        case tooLarge
    }

    var kind: Kind
    var message: String

    init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    var description: String { message }
}
