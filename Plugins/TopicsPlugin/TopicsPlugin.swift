import Foundation
import PackagePlugin

/// Turns the contracts of a package into the Swift types of one target, whenever one of them changes.
///
/// The contracts are the `*.yaml` in the target's own folder (`path: "topics"`), or else in `topics/` of the package.
/// With the first form a file that is added or removed is noticed at once: the build watches the folders of targets.
@main
struct TopicsPlugin: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) async throws -> [Command] {
        let package = context.package.directoryURL
        let folders = [target.directoryURL, package.appending(path: "topics")]
        guard let folder = folders.first(where: { !Self.contracts(in: $0).isEmpty }) else {
            Diagnostics.error(
                "\(target.name): there is no contract in topics/; `millrace topics new` makes one (a topic is topics/<name>.yaml)")
            return []
        }
        let contracts = Self.contracts(in: folder)
        let output = context.pluginWorkDirectoryURL
        let generated = contracts.map { output.appending(path: Self.sourceName($0.deletingPathExtension().lastPathComponent)) }
        return [
            .buildCommand(
                displayName: "Generating \(target.name) from \(contracts.count) contracts",
                executable: try context.tool(named: "topics-generator").url,
                arguments: ["--module", target.name, "--output", output.path] + contracts.map(\.path),
                // What lies beside the contracts is no source either.
                inputFiles: contracts + (folder == target.directoryURL ? Self.others(in: folder) : []),
                outputFiles: generated + [output.appending(path: "MessageCatalog+\(target.name).swift")])
        ]
    }

    private static func files(in folder: URL) -> [URL] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { !$0.hasPrefix(".") }.sorted().map { folder.appending(path: $0) }
    }

    private static func contracts(in folder: URL) -> [URL] { files(in: folder).filter { ["yaml", "yml"].contains($0.pathExtension) } }

    private static func others(in folder: URL) -> [URL] { files(in: folder).filter { ["json", "md"].contains($0.pathExtension) } }

    /// `commerce.orders` is `CommerceOrders.swift`; the generator names its files by the same rule.
    private static func sourceName(_ topic: String) -> String {
        topic.split { !$0.isLetter && !$0.isNumber }.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined() + ".swift"
    }
}
