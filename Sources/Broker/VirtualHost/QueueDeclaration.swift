/// What `queue.declare` asks for.
package struct QueueDeclaration: Equatable, Sendable {
    /// Empty where the broker is to choose one.
    package var name: String
    package var durable: Bool
    package var exclusive: Bool
    package var autoDelete: Bool
    /// Only asks whether the queue exists.
    package var passive: Bool
    package var arguments: FieldTable

    package init(
        name: String, durable: Bool = false, exclusive: Bool = false, autoDelete: Bool = false, passive: Bool = false,
        arguments: FieldTable = [:]
    ) {
        self.name = name
        self.durable = durable
        self.exclusive = exclusive
        self.autoDelete = autoDelete
        self.passive = passive
        self.arguments = arguments
    }
}
