package import ContractFiles
import Contracts

/// Finds the contract that the arguments of a command name, and says what there is when they name none.
package struct ContractLookup: Sendable {
    package let catalog: TopicCatalog

    package init(catalog: TopicCatalog) { self.catalog = catalog }

    /// The contract of a message that can be sent to this exchange.
    /// - Throws: ``EventRefused`` that names the nearest topics or types.
    package func contract(topic: String, type: String) throws -> MessageContract {
        let isCommands = topic == WellKnown.commandsExchange
        guard isCommands || catalog[topic: topic] != nil else {
            throw EventRefused(missing("topic", topic, among: catalog.topics.map(\.topic)))
        }
        let candidates = catalog.messages.filter { $0.exchange == topic }
        if let found = candidates.first(where: { $0.type == type }) { return found }
        if let elsewhere = catalog[type: type] {
            throw EventRefused("\(type) is not published to \(topic) but to \(elsewhere.exchange): millrace publish \(elsewhere.exchange) \(type)")
        }
        throw EventRefused(missing(isCommands ? "command" : "event of \(topic)", type, among: candidates.map(\.type)))
    }

    private func missing(_ kind: String, _ name: String, among known: [String]) -> String {
        guard !known.isEmpty else { return "there is no \(kind) \(name), and no other either" }
        let nearest = known.min { Self.distance($0, name) < Self.distance($1, name) }
        let hint = nearest.flatMap { Self.distance($0, name) <= max(2, name.count / 3) ? "; did you mean \($0)?" : nil } ?? ""
        return "there is no \(kind) \(name)\(hint)\nthere are: \(known.sorted().joined(separator: ", "))"
    }

    /// How many letters must be changed, added or removed (Levenshtein 1965).
    static func distance(_ left: String, _ right: String) -> Int {
        let right = Array(right.utf8)
        var row = Array(0...right.count)
        for (index, letter) in left.utf8.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in right.indices {
                let change = diagonal + (right[column] == letter ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(change, row[column] + 1, diagonal + 1)
            }
        }
        return row[right.count]
    }
}
