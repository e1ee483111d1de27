public import Messaging

extension MessageHandlers {
    /// Feeds a projection with the events that it asks for, and keeps its checkpoint. The worker's schema needs the table of
    /// ``ProjectionSchema``.
    ///
    /// - Returns: the events, by type and topic.
    @discardableResult
    public mutating func project<P: Projection>(_ projection: P.Type) -> [(type: String, topic: String)] {
        let definition = ProjectionDefinition(projection)
        // A projection takes its events by their names.
        for catalog in definition.catalogs { knows(catalog) }
        for (type, topic) in definition.types {
            on(rawType: type, topic: topic, name: "\(definition.name)/\(type)", eagerly: true) { envelope, context in
                try await definition.apply(envelope, in: context.db)
                // One for all events of a source in the transaction: the last.
                context.beforeCommit("\(definition.name) \(envelope.source)") { definition.checkpoint(after: envelope) }
            }
        }
        return definition.types
    }
}
