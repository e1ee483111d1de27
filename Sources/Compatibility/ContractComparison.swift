public import ContractFiles
import Contracts

/// Compares two states of all contracts: what was released, and what is about to be.
///
/// A version of a message that was released is compared with itself. A version that is new is compared with the newest
/// before it, but what it breaks is no failure: old data goes through an upcaster, and who does not know the version
/// is named, so that it is updated first.
public enum ContractComparison {
    /// Compares two states.
    /// - Parameter consumers: who takes which message in.
    /// - Returns: all differences, topic by topic, in the order of the files; harmless ones too.
    public static func findings(
        from old: TopicCatalog, to new: TopicCatalog, consumers: ContractConsumers = .unknown
    ) -> [ContractFinding] {
        var run = Run(consumers: consumers)
        for topic in old.topics where new[topic: topic.topic] == nil { run.removed(topic) }
        for topic in new.topics {
            guard let before = old[topic: topic.topic] else {
                run.add(topic.topic, "topic-added", [], .harmless, "the topic is new", at: topic.location)
                continue
            }
            if before.owner != topic.owner {
                run.add(
                    topic.topic, "owner-changed", [], .harmless, "the owner was \(before.owner), is \(topic.owner)", at: topic.location)
            }
        }
        for message in old.messages { run.compare(message, new[type: message.type], hasTopic: new[topic: message.topic] != nil) }
        for message in new.messages where old[type: message.type] == nil {
            run.add(message, nil, "message-added", [], .harmless, "the \(message.kind.rawValue) is new", at: message.location)
        }
        return run.findings.sorted { ($0.topic, $0.type ?? "", $0.version ?? 0) < ($1.topic, $1.type ?? "", $1.version ?? 0) }
    }

    private struct Run {
        let consumers: ContractConsumers
        var findings: [ContractFinding] = []

        mutating func add(
            _ topic: String, _ rule: String, _ breaks: Directions, _ severity: ContractFinding.Severity, _ message: String,
            at location: SourceLocation
        ) {
            findings.append(
                .init(
                    topic: topic, type: nil, version: nil, pointer: JSONPointer(), rule: .init(rule), breaks: breaks, severity: severity,
                    message: message, consumers: [], location: location))
        }

        mutating func add(
            _ contract: MessageContract, _ version: Int?, _ rule: String, _ breaks: Directions, _ severity: ContractFinding.Severity,
            _ message: String, at location: SourceLocation, pointer: JSONPointer = JSONPointer()
        ) {
            findings.append(
                .init(
                    topic: contract.topic, type: contract.type, version: version, pointer: pointer, rule: .init(rule), breaks: breaks,
                    severity: severity, message: message, consumers: consumers.of(contract), location: location))
        }

        mutating func removed(_ topic: TopicFile) {
            add(topic.topic, "topic-removed", .full, .breaking, "the topic is gone", at: topic.location)
        }

        mutating func compare(_ old: MessageContract, _ new: MessageContract?, hasTopic: Bool) {
            guard let new else {
                // One finding says it for all messages of a topic that is gone, but not who consumes them.
                return add(old, nil, "message-removed", .full, .breaking, "the \(old.kind.rawValue) is gone", at: old.location)
            }
            if old.kind != new.kind {
                return add(
                    old, nil, "kind-changed", .full, .breaking, "was an \(old.kind.rawValue), is a \(new.kind.rawValue)", at: new.location)
            }
            if old.topic != new.topic {
                let breaks: Directions = old.kind == .event ? .full : []
                add(
                    old, nil, "topic-changed", breaks, breaks.isEmpty ? .harmless : .breaking,
                    "moved from \(old.topic) to \(new.topic)", at: new.location)
            }
            if old.partitionKey != new.partitionKey {
                add(
                    old, nil, "partition-key-changed", .full, .breaking,
                    "was \(old.partitionKey), is \(new.partitionKey): messages under way would be handled out of order", at: new.location)
            }
            if old.deprecation == nil, let reason = new.deprecation {
                add(old, nil, "deprecated", [], .harmless, reason, at: new.location)
            }
            compareVersions(old, new)
        }

        private mutating func compareVersions(_ old: MessageContract, _ new: MessageContract) {
            for version in old.versions {
                guard let after = new.versions.first(where: { $0.number == version.number }) else {
                    add(
                        old, version.number, "version-removed", .full, .breaking,
                        "version \(version.number) is gone; what was stored in it can no longer be read", at: new.location)
                    continue
                }
                compare(version, after, old, isNew: false)
            }
            for version in new.versions where version.number > old.current.number {
                add(old, version.number, "version-added", [], .harmless, "version \(version.number) is new", at: version.location)
                guard let before = new.versions.last(where: { $0.number < version.number }) else { continue }
                compare(before, version, old, isNew: true)
            }
        }

        private mutating func compare(
            _ old: ContractVersion, _ new: ContractVersion, _ message: MessageContract, isNew: Bool
        ) {
            for change in SchemaComparison.changes(from: old.schema, to: new.schema) {
                var words = change.message
                if isNew, change.breaks.contains(.backward) { words += "; an upcaster from version \(old.number) is needed" }
                add(
                    message, new.number, change.rule.description, change.breaks, isNew ? .newVersion : .breaking, words,
                    at: place(of: change.pointer, in: new), pointer: change.pointer)
            }
            guard !isNew else { return }
            if old.personal != new.personal {
                add(
                    message, new.number, "personal-data-changed", .full, .breaking,
                    "which fields are personal has changed: they are encrypted on the way, others are not", at: new.location)
            }
            if old.deprecation == nil, let reason = new.deprecation {
                add(message, new.number, "version-deprecated", [], .harmless, reason, at: new.location)
            }
        }

        /// The property's own line, where the schema lists it in place.
        private func place(of pointer: JSONPointer, in version: ContractVersion) -> SourceLocation {
            var schema = JSONPointer()
            for token in pointer.tokens {
                schema = token == "*" || Int(token) != nil ? schema.appending("items") : schema.appending("properties").appending(token)
            }
            return version.schemaPlaces[schema]
        }
    }
}
