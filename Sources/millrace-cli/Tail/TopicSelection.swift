import AMQP
package import ContractFiles
import Contracts

/// Which messages to read: topics or patterns over their names, and patterns over types.
package struct TopicSelection: Equatable, Sendable {
    /// What to bind a queue to.
    package struct Source: Hashable, Sendable {
        package var exchange: String
        package var routingKey: String

        package init(exchange: String, routingKey: String) {
            self.exchange = exchange
            self.routingKey = routingKey
        }
    }

    package let sources: [Source]
    /// Exchanges that the contracts know, and that may be declared.
    package let known: [String]

    /// - Parameters:
    ///   - names: topics, `commands`, or patterns such as `commerce.*` and `#`, as routing keys have them.
    ///   - types: patterns over types; empty for all.
    ///   - catalog: the contracts, if there are any.
    /// - Throws: ``UsageFailure`` when nothing is meant.
    package init(_ names: [String], types: [String], catalog: TopicCatalog?) throws {
        var sources: [Source] = []
        var known: [String] = []
        for name in names {
            if name == WellKnown.commandsExchange {
                sources += try Self.commands(types, catalog)
                known.append(name)
            } else if Self.isPattern(name) {
                guard let catalog else {
                    throw UsageFailure("\(name) is a pattern over the topics in topics/, and there is no such folder here or above")
                }
                let matching = catalog.topics.map(\.topic).filter { Self.matches($0, pattern: name) }
                guard !matching.isEmpty else {
                    throw UsageFailure("no topic is like \(name); there are: \(catalog.topics.map(\.topic).joined(separator: ", "))")
                }
                for topic in matching { sources += Self.all(topic, types) }
                known += matching
            } else {
                sources += Self.all(name, types)
                if catalog?[topic: name] != nil { known.append(name) }
            }
        }
        var seen: Set<Source> = []
        self.sources = sources.filter { seen.insert($0).inserted }
        self.known = Array(Set(known)).sorted()
    }

    /// Everything that the contracts know.
    package init(everythingIn catalog: TopicCatalog) {
        sources =
            catalog.topics.map { Source(exchange: $0.topic, routingKey: "#") }
            + catalog.messages.filter { $0.kind == .command }.map { Source(exchange: $0.exchange, routingKey: $0.type) }
        known = catalog.topics.map(\.topic) + [WellKnown.commandsExchange]
    }

    private static func all(_ topic: String, _ types: [String]) -> [Source] {
        (types.isEmpty ? ["#"] : types).map { Source(exchange: topic, routingKey: $0) }
    }

    /// The exchange of the commands is direct, so each type is bound by its name.
    private static func commands(_ types: [String], _ catalog: TopicCatalog?) throws -> [Source] {
        let known = catalog?.messages.filter { $0.kind == .command }.map(\.type) ?? []
        let wanted = types.isEmpty ? ["#"] : types
        let names = wanted.flatMap { type in isPattern(type) ? known.filter { matches($0, pattern: type) } : [type] }
        guard !names.isEmpty else {
            throw UsageFailure(
                "name the commands to read with --type" + (known.isEmpty ? "" : "; there are: \(known.sorted().joined(separator: ", "))"))
        }
        return names.map { Source(exchange: WellKnown.commandsExchange, routingKey: $0) }
    }

    static func isPattern(_ name: String) -> Bool { name.contains("*") || name.contains("#") }

    /// As a topic exchange matches: `*` is one word, `#` any number of words.
    package static func matches(_ name: String, pattern: String) -> Bool {
        // The places in the pattern that the words so far can have led to.
        let words = pattern.split(separator: ".", omittingEmptySubsequences: false)
        func skippingHashes(_ places: Set<Int>) -> Set<Int> {
            var all = places
            for place in words.indices where all.contains(place) && words[place] == "#" { all.insert(place + 1) }
            return all
        }
        var places = skippingHashes([0])
        for word in name.split(separator: ".", omittingEmptySubsequences: false) {
            var next: Set<Int> = []
            for place in places where place < words.count {
                if words[place] == "#" { next.insert(place) } else if words[place] == "*" || words[place] == word { next.insert(place + 1) }
            }
            places = skippingHashes(next)
        }
        return places.contains(words.count)
    }
}

extension AMQPTopology {
    /// A queue of one's own that is gone with the connection, and takes nothing from anyone.
    static func reading(_ selection: TopicSelection, queue: String) -> AMQPTopology {
        AMQPTopology(
            exchanges: selection.known.map { BrokerSession.exchange($0) },
            queues: [.init(name: queue, durable: false, exclusive: true, autoDelete: true)],
            bindings: selection.sources.map { .init(source: $0.exchange, destination: queue, routingKey: $0.routingKey) })
    }
}
