import ArgumentParser
import ContractFiles
import Contracts
import Foundation

/// Which contracts are meant.
struct TopicsOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The folder of the contracts (default: topics/ here or above).", valueName: "dir"))
    var topics: String?

    /// The folder.
    func folder() throws -> String { try topics ?? ContractFolder.find() }

    /// The contracts; what is wrong with them is said in the form of a compiler's.
    func catalog() throws -> TopicCatalog { try Self.load(folder()) }

    static func load(_ folder: String) throws -> TopicCatalog {
        guard Folder.exists(folder) else { throw UsageFailure("there is no folder \(folder)") }
        do {
            return try TopicCatalog.load(directory: folder)
        } catch {
            throw Failed("the contracts are not in order\n\(error.description)")
        }
    }

    /// The folder that the contracts lie in beside `workers/`.
    private func home() throws -> String {
        let home = (try folder() as NSString).deletingLastPathComponent
        return home.isEmpty ? "." : home
    }

    /// The workers beside the contracts, none when there are none.
    func workers() throws -> [WorkerManifest] { (try? Project(path: home()))?.workers ?? [] }

    /// Who takes a message in: by the manifests of the workers, and by whether their sources name its type.
    func consumers() throws -> MessageConsumers { try MessageConsumers(workers: workers(), home: home()) }
}

extension TopicCatalog {
    /// The topic of a name.
    /// - Throws: `UsageFailure` that says which there are.
    func topic(named name: String) throws -> TopicFile {
        if let topic = self[topic: name] { return topic }
        throw UsageFailure("there is no topic \(name); there are \(topics.map(\.topic).joined(separator: ", "))")
    }

    /// The message of a type, or of `TOPIC/TYPE`.
    func message(named name: String) throws -> MessageContract {
        let parts = name.split(separator: "/", maxSplits: 1).map(String.init)
        let type = parts.last ?? name
        guard let message = self[type: type] else {
            throw UsageFailure("there is no event or command \(type); `millrace topics list` shows the topics, `show TOPIC` their messages")
        }
        if parts.count == 2, message.topic != parts[0] {
            _ = try topic(named: parts[0])
            throw UsageFailure("\(type) is not in \(parts[0]), but in \(message.topic)")
        }
        return message
    }
}

extension MessageContract {
    /// A version by its number, the newest for nil.
    func version(_ number: Int?) throws -> ContractVersion {
        guard let number else { return current }
        guard let version = versions.first(where: { $0.number == number }) else {
            throw UsageFailure("\(type) has no version \(number); it has \(versions.map { "\($0.number)" }.joined(separator: ", "))")
        }
        return version
    }
}
