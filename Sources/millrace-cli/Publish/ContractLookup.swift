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
            throw EventRefused(
                "\(type) is not published to \(topic) but to \(elsewhere.exchange): millrace publish \(elsewhere.exchange) \(type)")
        }
        throw EventRefused(missing(isCommands ? "command" : "event of \(topic)", type, among: candidates.map(\.type)))
    }

    private func missing(_ kind: String, _ name: String, among known: [String]) -> String {
        guard !known.isEmpty else { return "there is no \(kind) \(name), and no other either" }
        let hint = Spelling.nearest(to: name, among: known).map { "; did you mean \($0)?" } ?? ""
        return "there is no \(kind) \(name)\(hint)\nthere are: \(known.sorted().joined(separator: ", "))"
    }
}
