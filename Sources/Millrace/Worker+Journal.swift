public import Contracts
import Journal

extension Worker {
    /// Records every event of some topics in the worker's schema: the journal. `millrace tail --since` reads that of the worker
    /// `journal`.
    public mutating func journal(topics: some Sequence<String>) {
        journal(topics.map { ($0, []) })
    }

    private mutating func journal(_ topics: [(name: String, types: [String])]) {
        for topic in topics { handlers.record(topic: topic.name, types: topic.types) }
        add(.journal)
        audit { try await JournalAudit.counts($0) }
    }

    /// Records every event of all topics that have a contract: `worker.journal(MessageCatalog.topics)`. Their types need not be
    /// known, and nothing is checked.
    public mutating func journal(_ catalog: MessageCatalog) {
        let types = Dictionary(grouping: catalog.schemas, by: \.topic).mapValues { Set($0.map(\.type)).sorted() }
        journal(types.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
    }
}
