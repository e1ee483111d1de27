import ContractFiles
import TopicsGenerator

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// `topics-generator --module NAME --output FOLDER FILE…`: what the plugin `TopicsPlugin` runs. Errors go to standard
/// error in the form of a compiler's, so that a build shows them at their line.
@main
struct GenerateTopics {
    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard arguments.count > 4, arguments[0] == "--module", arguments[2] == "--output" else {
            fail("usage: topics-generator --module NAME --output FOLDER FILE…", status: 64)
        }
        do throws(ContractFileError) {
            let catalog = try TopicCatalog.load(files: Array(arguments.dropFirst(4)))
            for file in try TopicsGenerator.generate(catalog, module: arguments[1]) {
                save(file, to: "\(arguments[3])/\(file.name)")
            }
        } catch {
            fail(error.description, status: 1)
        }
    }

    /// Leaves a file alone that would not change, so that nothing is compiled again.
    private static func save(_ file: GeneratedFile, to path: String) {
        let data = Data(file.text.utf8)
        if FileManager.default.contents(atPath: path) == data { return }
        do {
            try data.write(to: URL(filePath: path), options: .atomic)
        } catch {
            fail("\(path): error: cannot be written: \(error)", status: 1)
        }
    }

    private static func fail(_ message: String, status: Int32) -> Never {
        let bytes = Array((message + "\n").utf8)
        _ = write(2, bytes, bytes.count)
        exit(status)
    }
}
