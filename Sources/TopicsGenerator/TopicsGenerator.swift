public import ContractFiles

/// A file of Swift source text.
public struct GeneratedFile: Sendable, Equatable {
    /// The name of the file: `CommerceOrders.swift`.
    public var name: String
    /// What is in it.
    public var text: String
}

/// Turns contracts into Swift types: a struct for each version of each message, types for what their schemas share,
/// and a catalogue with the schemas themselves. The same contracts always give the same text.
public enum TopicsGenerator {
    /// Generates one file per topic, named after it, and the catalogue.
    /// - Parameter module: the module that the files will be compiled into.
    /// - Throws: ``ContractFileError`` when two names of the contracts would be one name in Swift, or one cannot be a name.
    public static func generate(_ catalog: TopicCatalog, module: String) throws(ContractFileError) -> [GeneratedFile] {
        var collector = DeclarationCollector(module: module)
        for topic in catalog.topics { collector.add(topic) }
        guard collector.problems.isEmpty else { throw ContractFileError(problems: collector.problems) }
        let files = catalog.topics.map { topic in
            GeneratedFile(name: SwiftName.type(topic.topic) + ".swift", text: text(of: topic, collector, module: module))
        }
        return files + [catalogFile(catalog.topics, module: module)]
    }

    private static func text(of topic: TopicFile, _ collector: DeclarationCollector, module: String) -> String {
        let declarations = collector.declarations(of: topic.topic)
        var body = DeclarationWriter(module: module, isHashable: collector.isHashable)
        for declaration in declarations {
            body.withWriter { $0.line() }
            body.write(declaration)
        }
        var head = SourceWriter()
        head.line("// Generated from \(topic.topic).yaml by TopicsPlugin. Change the contract, not this file.")
        head.line()
        if body.usesFoundation {
            head.line("#if canImport(FoundationEssentials)")
            head.line("public import FoundationEssentials")
            head.line("#else")
            head.line("public import Foundation")
            head.line("#endif")
        }
        head.line("public import Contracts")
        head.line()
        TopicWriter.write(topic, to: &head)
        return head.text + body.writer.text
    }

    private static func catalogFile(_ topics: [TopicFile], module: String) -> GeneratedFile {
        var writer = SourceWriter()
        writer.line("// Generated from the contracts by TopicsPlugin. Change the contracts, not this file.")
        writer.line()
        writer.line("public import Contracts")
        writer.line()
        writer.block("extension MessageCatalog") { writer in
            writer.line("/// Every version of every message of \(topics.map { "`\($0.topic)`" }.joined(separator: ", ")), with its schema.")
            writer.block("public static let topics: MessageCatalog =") { writer in
                let list = topics.map { SwiftName.type($0.topic) + ".schemas" }.joined(separator: ", ")
                writer.line("let all: [[MessageSchema]] = [\(list)]")
                writer.line("return MessageCatalog(all.flatMap { $0 })")
            }
        }
        // A closure that is called: `block` closes the brace alone.
        var text = writer.text
        if text.hasSuffix("    }\n}\n") { text = text.dropLast("    }\n}\n".count) + "    }()\n}\n" }
        return GeneratedFile(name: "MessageCatalog+\(module).swift", text: text)
    }
}

extension TopicsGenerator {
    /// The name of the type for the newest version of a message: `OrderCreated`, `ReserveStock`.
    public static func typeName(of message: MessageContract) -> String {
        message.kind == .event ? SwiftName.event(message.type) : SwiftName.command(message.type)
    }
}
