import ArgumentParser
import Compatibility
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
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
            throw UsageFailure("there is no folder \(folder)")
        }
        do {
            return try TopicCatalog.load(directory: folder)
        } catch {
            throw Failed("the contracts are not in order\n\(error.description)")
        }
    }

    /// The workers beside the contracts, none when there are none.
    func workers() throws -> [WorkerManifest] {
        let home = ((try folder()) as NSString).deletingLastPathComponent
        return (try? Project(path: home.isEmpty ? "." : home))?.workers ?? []
    }

    /// Who takes a message in: by the manifests of the workers, and by whether their sources name its type.
    func consumers() throws -> ContractConsumers {
        let home = ((try folder()) as NSString).deletingLastPathComponent
        return try MessageConsumers(workers: workers(), home: home.isEmpty ? "." : home).consumers
    }
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
