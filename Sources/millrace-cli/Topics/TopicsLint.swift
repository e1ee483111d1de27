import ContractFiles
import Contracts
import TopicsGenerator

/// Things in contracts that are allowed, but are usually meant otherwise.
enum TopicsLint {
    /// - Parameter workers: the workers of the project; empty when there are none to compare with.
    static func warnings(_ catalog: TopicCatalog, _ workers: [WorkerManifest]) -> [ContractFileError.Problem] {
        catalog.topics.flatMap { unused($0) + undocumented($0) + deprecated($0) + owner($0, workers) }
    }

    private static func unused(_ topic: TopicFile) -> [ContractFileError.Problem] {
        let texts = topic.messages.flatMap(\.versions).map(\.schema)
        let used = Set(texts.flatMap { $0["$defs"]?.objectValue?.keys ?? [] })
        return topic.definitions.filter { !used.contains($0.name) }.map {
            .init(location: $0.places.root, message: "no schema refers to \($0.name)")
        }
    }

    private static func undocumented(_ topic: TopicFile) -> [ContractFileError.Problem] {
        var problems: [ContractFileError.Problem] = []
        for definition in topic.definitions where definition.schema["description"] == nil {
            problems.append(.init(location: definition.places.root, message: "\(definition.name) has no description"))
        }
        return problems
    }

    private static func deprecated(_ topic: TopicFile) -> [ContractFileError.Problem] {
        topic.messages.filter { $0.deprecation == "deprecated" }.map {
            .init(location: $0.location, message: "\($0.type) is deprecated; say in `deprecated:` what to use instead")
        }
    }

    private static func owner(_ topic: TopicFile, _ workers: [WorkerManifest]) -> [ContractFileError.Problem] {
        guard !workers.isEmpty else { return [] }
        guard let owner = workers.first(where: { $0.name == topic.owner }) else {
            return [.init(location: topic.location, message: "there is no worker \(topic.owner), which owns \(topic.topic)")]
        }
        if owner.owns.contains(topic.topic) { return [] }
        return [.init(location: topic.location, message: "workers/\(owner.name)/worker.yaml does not say `owns: [\(topic.topic)]`")]
    }
}

extension TopicsLint {
    /// What the generation of Swift types has against the contracts.
    static func generatorProblems(_ catalog: TopicCatalog) -> [ContractFileError.Problem] {
        do throws(ContractFileError) {
            _ = try TopicsGenerator.generate(catalog, module: "Topics")
            return []
        } catch {
            return error.problems
        }
    }
}
