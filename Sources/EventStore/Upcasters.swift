public import Contracts

/// Turns events of old versions into today's, step by step, while they are read. What is stored stays as it is.
///
/// ```swift
/// let upcasters = Upcasters()
///     .adding("order.created", from: 1) { data in data.rename("total", to: "totalCents") }
///     .adding("order.created", from: 2) { data in data["currency"] = "EUR" }
/// ```
public struct Upcasters: Sendable {
    /// A step of one event: where it leads, and how.
    private struct Step: Sendable {
        var target: Key
        var change: @Sendable (inout JSONObject) throws -> Void
    }

    /// A type and a version of it.
    struct Key: Hashable, Sendable, CustomStringConvertible {
        var type: String
        var version: Int

        var description: String { "\(type) version \(version)" }
    }

    private var steps: [Key: Step] = [:]

    /// No steps.
    public init() {}

    /// Adds the step from a version to the next one.
    ///
    /// - Parameters:
    ///   - type: the type in the store.
    ///   - version: the old version, from 1.
    ///   - newType: when the event was renamed with this step.
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

    /// Whether the steps lead from a stored version to one of the current ones; a circle leads nowhere.
    func reaches(_ current: Set<Key>, from key: Key) -> Bool {
        var seen: Set<Key> = []
        var key = key
        while !current.contains(key) {
            guard seen.insert(key).inserted, let step = steps[key] else { return false }
            key = step.target
        }
        return true
    }

    /// The event after all steps that there are for it.
    func upcast(_ event: StoredEvent, until isCurrent: (Key) -> Bool) throws(EventStoreError) -> (Key, [UInt8]) {
        var key = Key(type: event.type, version: event.schemaVersion)
        if isCurrent(key) { return (key, event.data) }
        var data = try Self.object(event)
        var seen: Set<Key> = []
        while !isCurrent(key) {
            guard seen.insert(key).inserted, let step = steps[key] else {
                throw EventStoreError(
                    .missingUpcaster, "\(key) at \(event.stream) \(event.version) has no upcaster to a version that is known")
            }
            do {
                try step.change(&data)
            } catch {
                throw EventStoreError(
                    .upcasting, "the upcaster of \(key) failed at \(event.stream) \(event.version)", underlying: error)
            }
            key = step.target
        }
        return (key, JSONValue.object(data).encoded())
    }

    private static func object(_ event: StoredEvent) throws(EventStoreError) -> JSONObject {
        do throws(JSONError) {
            if let object = try JSONValue.parse(event.data).objectValue { return object }
        } catch {
            throw EventStoreError(
                .decoding, "\(event.type) at \(event.stream) \(event.version) is not JSON", underlying: error)
        }
        throw EventStoreError(.decoding, "\(event.type) at \(event.stream) \(event.version) is not an object")
    }
}
