/// Turns data of old versions into today's, step by step, while it is read. What is stored or was sent stays as it is.
///
/// ```swift
/// let upcasters = Upcasters()
///     .adding(OrderCreatedV1.self) { old in OrderCreated(orderID: old.orderID, totalCents: old.total, currency: "EUR") }
///     .adding("order.placed", from: 1) { data in data.rename("total", to: "totalCents") }
/// ```
public struct Upcasters: Sendable {
    /// A step of one message: where it leads, and how.
    private struct Step: Sendable {
        var target: Key
        var change: @Sendable (inout JSONObject) throws -> Void
    }

    /// A type and a version of it.
    package struct Key: Hashable, Sendable, CustomStringConvertible {
        package var type: String
        package var version: Int

        package init(type: String, version: Int) {
            self.type = type
            self.version = version
        }

        package var description: String { "\(type) version \(version)" }
    }

    private var steps: [Key: Step] = [:]

    /// No steps.
    public init() {}

    /// Whether there are no steps.
    public var isEmpty: Bool { steps.isEmpty }

    /// Adds the step from a version to the next one.
    ///
    /// - Parameters:
    ///   - type: the type on the wire or in the store.
    ///   - version: the old version, from 1.
    ///   - newType: when the message was renamed with this step.
    ///   - change: changes the data.
    public func adding(
        _ type: String, from version: Int, to newType: String? = nil,
        _ change: @escaping @Sendable (inout JSONObject) throws -> Void = { _ in }
    ) -> Upcasters {
        adding(type, from: version, to: newType ?? type, version: version + 1, change)
    }

    /// Adds a step from any version of a type to any version of any type.
    public func adding(
        _ type: String, from version: Int, to newType: String, version newVersion: Int,
        _ change: @escaping @Sendable (inout JSONObject) throws -> Void = { _ in }
    ) -> Upcasters {
        var copy = self
        copy.steps[Key(type: type, version: version)] =
            Step(target: Key(type: newType, version: newVersion), change: change)
        return copy
    }

    /// Adds a step between two types that were generated from the contract: `OrderCreatedV1` to `OrderCreated`.
    public func adding<Old: Message, New: Message>(
        _ old: Old.Type, _ change: @escaping @Sendable (Old) throws -> New
    ) -> Upcasters {
        adding(Old.type, from: Old.version, to: New.type, version: New.version) { data in
            let new = try change(try ContractJSON.decode(Old.self, from: .object(data)))
            data = try JSONValue.parse(try ContractJSON.encode(new)).objectValue ?? JSONObject()
        }
    }

    /// Adds the steps of others; of two for the same version theirs stays.
    public func adding(_ others: Upcasters) -> Upcasters {
        var copy = self
        copy.steps.merge(others.steps) { $1 }
        return copy
    }

    /// Whether the steps lead from a version to one of the current ones; a circle leads nowhere.
    package func reaches(from key: Key, _ isCurrent: (Key) -> Bool) -> Bool {
        var seen: Set<Key> = []
        var key = key
        while !isCurrent(key) {
            guard seen.insert(key).inserted, let step = steps[key] else { return false }
            key = step.target
        }
        return true
    }

    /// The data after as many steps as it takes to a current version.
    ///
    /// - Throws: `.missingUpcaster`, `.upcasting`.
    package func upcast(
        _ data: JSONObject, from key: Key, until isCurrent: (Key) -> Bool
    ) throws(ContractViolation) -> (key: Key, data: JSONObject) {
        var (key, data) = (key, data)
        var seen: Set<Key> = []
        while !isCurrent(key) {
            guard seen.insert(key).inserted, let step = steps[key] else {
                throw ContractViolation(
                    .missingUpcaster, type: key.type, version: key.version, "has no upcaster to a version that is known")
            }
            do {
                try step.change(&data)
            } catch {
                throw ContractViolation(
                    .upcasting, type: key.type, version: key.version, "made its upcaster fail", underlying: error)
            }
            key = step.target
        }
        return (key, data)
    }
}
