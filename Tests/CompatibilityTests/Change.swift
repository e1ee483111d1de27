import Compatibility
import Contracts

/// A change of a schema, and what it must be found to break.
struct Change: Sendable, CustomStringConvertible {
    var old: String
    var new: String
    var breaks: Directions
    /// The rule that must be named; nil for harmless changes.
    var rule: String?
    /// Where.
    var pointer: String

    var description: String { "\(old) → \(new)" }

    static func backward(_ old: String, _ new: String, _ rule: String, _ pointer: String = "") -> Change {
        Change(old: old, new: new, breaks: .backward, rule: rule, pointer: pointer)
    }

    static func forward(_ old: String, _ new: String, _ rule: String, _ pointer: String = "") -> Change {
        Change(old: old, new: new, breaks: .forward, rule: rule, pointer: pointer)
    }

    static func both(_ old: String, _ new: String, _ rule: String, _ pointer: String = "") -> Change {
        Change(old: old, new: new, breaks: .full, rule: rule, pointer: pointer)
    }

    static func harmless(_ old: String, _ new: String) -> Change { Change(old: old, new: new, breaks: [], rule: nil, pointer: "") }

    func found() throws -> [SchemaChange] {
        SchemaComparison.changes(from: try JSONValue.parse(old), to: try JSONValue.parse(new))
    }
}
