import Compatibility
import ContractFiles
import Foundation
import TopicsGenerator

/// Finds the workers that take a message in. A command goes to the owner of its topic. An event goes to the workers
/// that say `consumes: [topic]` in their manifest; of those whose sources are there, only to those that name its type.
struct MessageConsumers: Sendable {
    private struct Worker: Sendable {
        var name: String
        var owns: [String]
        var consumes: [String]
        /// The text of its sources; nil when there are none.
        var sources: String?
    }

    private let workers: [Worker]

    init(workers: [WorkerManifest], home: String) {
        self.workers = workers.map { manifest in
            let folder = "\(home)/workers/\(manifest.name)/Sources"
            return Worker(name: manifest.name, owns: manifest.owns, consumes: manifest.consumes, sources: Self.text(under: folder))
        }
    }

    var consumers: ContractConsumers { ContractConsumers { of($0) } }

    func of(_ message: MessageContract) -> [String] {
        let name = TopicsGenerator.typeName(of: message)
        return workers.filter { worker in
            guard (message.kind == .command ? worker.owns : worker.consumes).contains(message.topic) else { return false }
            return message.kind == .command || worker.sources.map { Self.mentions(name, in: $0) } ?? true
        }.map(\.name)
    }

    private static func mentions(_ name: String, in text: String) -> Bool {
        text.ranges(of: name).contains { range in
            let after = range.upperBound < text.endIndex ? text[range.upperBound] : " "
            let before = range.lowerBound > text.startIndex ? text[text.index(before: range.lowerBound)] : " "
            return !after.isLetter && !after.isNumber && after != "_" && !before.isLetter && !before.isNumber && before != "_"
        }
    }

    private static func text(under folder: String) -> String? {
        guard let files = FileManager.default.enumerator(atPath: folder) else { return nil }
        let names = files.compactMap { $0 as? String }.filter { $0.hasSuffix(".swift") }
        guard !names.isEmpty else { return nil }
        return names.compactMap { try? String(contentsOfFile: "\(folder)/\($0)", encoding: .utf8) }.joined(separator: "\n")
    }
}
