public import Contracts

/// How messages of older versions are handled: they are checked against the schema of their own version, and then brought to
/// the version that the worker's handlers, sagas and projections work with, the newest. A worker whose contracts list an older
/// version that has no upcaster does not start.
extension Worker {
    /// Turns messages of an old version into a newer one, in terms of the generated types.
    ///
    /// ```swift
    /// worker.upcast(OrderCreatedV1.self) { old in OrderCreated(orderID: old.orderID, currency: "EUR") }
    /// ```
    public mutating func upcast<Old: Message, New: Message>(
        _ old: Old.Type, _ change: @escaping @Sendable (Old) throws -> New
    ) {
        handlers.upcast(old, change)
    }

    /// Turns messages of an old version into the next one.
    ///
    /// ```swift
    /// worker.upcast("order.created", from: 1) { data in data["currency"] = "EUR" }
    /// ```
    /// - Parameters:
    ///   - type: the type on the wire.
    ///   - version: the old version, from 1.
    ///   - change: changes the data.
    public mutating func upcast(
        _ type: String, from version: Int, _ change: @escaping @Sendable (inout JSONObject) throws -> Void
    ) {
        handlers.upcast(type, from: version, change)
    }

    /// Adds upcasters, for instance those that ``aggregate(_:upcasters:)`` reads stored events with.
    public mutating func upcast(_ upcasters: Upcasters) { handlers.upcast(upcasters) }

    /// - Throws: ``ContractViolation`` when an upcaster is missing.
    package func verifyContracts() throws { try allHandlers().verifyContracts() }
}
