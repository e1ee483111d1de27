public import Contracts

/// A difference between two schemas that makes a difference for data.
public struct SchemaChange: Sendable, Hashable {
    /// A rule of compatibility.
    public struct Rule: Sendable, Hashable, CustomStringConvertible {
        /// The name: `required-added`.
        public let description: String

        /// Makes a rule.
        public init(_ name: String) { description = name }
    }

    /// Where in the data, as the properties lead there; `*` is any element or any other name.
    public var pointer: JSONPointer
    /// The rule.
    public var rule: Rule
    /// What it breaks.
    public var breaks: Directions
    /// What has changed, for a person.
    public var message: String

    /// Makes a change.
    public init(_ rule: Rule, at pointer: JSONPointer, breaks: Directions, _ message: String) {
        self.pointer = pointer
        self.rule = rule
        self.breaks = breaks
        self.message = message
    }
}

extension SchemaChange: CustomStringConvertible {
    /// `/quantity maximum-lowered: …`
    public var description: String { "\(pointer.isRoot ? "/" : pointer.text) \(rule): \(message) (breaks \(breaks))" }
}
