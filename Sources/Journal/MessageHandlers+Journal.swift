public import Messaging

extension MessageHandlers {
    /// Records every event of a topic in the journal, byte for byte as it was delivered, whatever its type. The worker's schema
    /// needs the tables of ``JournalSchema``.
    ///
    /// The events of a batch are recorded by one statement, in the order of delivery.
    ///
    /// - Parameter types: types of the topic that are known, by which what a shovel has moved is recognised.
    public mutating func record(topic: String, types: [String] = []) {
        onAll(topic: topic, types: types, name: "journal/\(topic)", eagerly: true) { envelope, context in
            let record = JournalRecord(envelope: envelope, topic: topic, body: context.delivered)
            context.beforeCommit("journal", gathering: record) { JournalRecord.insert($0) }
        }
    }
}
