package import Contracts

/// A condition on an event, as `--where` takes it: `data.total > 100 and type != 'order.rejected'`.
package indirect enum FilterExpression: Equatable, Sendable {
    package enum Comparison: String, Sendable, CaseIterable {
        case equal = "==", unequal = "!=", lessOrEqual = "<=", greaterOrEqual = ">=", less = "<", greater = ">"
        case contains, startswith
    }

    /// A step of a path.
    package enum Step: Equatable, Sendable {
        case name(String)
        case index(Int)
    }

    case literal(JSONValue)
    case path([Step])
    case compare(FilterExpression, Comparison, FilterExpression)
    case and(FilterExpression, FilterExpression)
    case or(FilterExpression, FilterExpression)
    case not(FilterExpression)

    /// Whether the condition holds for an event, given as its whole JSON.
    package func holds(for event: JSONValue) -> Bool {
        switch self {
        case .and(let left, let right): left.holds(for: event) && right.holds(for: event)
        case .or(let left, let right): left.holds(for: event) || right.holds(for: event)
        case .not(let inner): !inner.holds(for: event)
        case .compare(let left, let comparison, let right):
            Self.compare(left.value(in: event), comparison, right.value(in: event))
        case .literal, .path:
            switch value(in: event) {
            case nil, .null?, .bool(false)?: false
            default: true
            }
        }
    }

    /// Nil where the event has nothing at the path.
    private func value(in event: JSONValue) -> JSONValue? {
        switch self {
        case .literal(let value): value
        case .path(let steps):
            steps.reduce(event as JSONValue?) { value, step in
                switch step {
                case .name(let name): value?[name]
                case .index(let index): value?[index]
                }
            }
        default: .bool(holds(for: event))
        }
    }

    private static func compare(_ left: JSONValue?, _ comparison: Comparison, _ right: JSONValue?) -> Bool {
        switch comparison {
        case .equal: return (left ?? .null) == (right ?? .null)
        case .unequal: return (left ?? .null) != (right ?? .null)
        case .contains: return contains(left, right)
        case .startswith:
            guard case .string(let text)? = left, case .string(let start)? = right else { return false }
            return text.hasPrefix(start)
        case .less, .lessOrEqual, .greater, .greaterOrEqual:
            guard let order = order(left, right) else { return false }
            switch comparison {
            case .less: return order < 0
            case .lessOrEqual: return order <= 0
            case .greater: return order > 0
            default: return order >= 0
            }
        }
    }

    private static func contains(_ left: JSONValue?, _ right: JSONValue?) -> Bool {
        switch (left, right) {
        case (.string(let text)?, .string(let part)?): text.contains(part)
        case (.array(let values)?, let value?): values.contains(value)
        default: false
        }
    }

    /// Nil where the two cannot be compared.
    private static func order(_ left: JSONValue?, _ right: JSONValue?) -> Int? {
        switch (left, right) {
        case (.number(let left)?, .number(let right)?): left < right ? -1 : left == right ? 0 : 1
        case (.string(let left)?, .string(let right)?): left < right ? -1 : left == right ? 0 : 1
        default: nil
        }
    }
}
