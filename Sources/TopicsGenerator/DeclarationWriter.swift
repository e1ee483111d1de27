/// Writes types as Swift source text.
struct DeclarationWriter {
    /// The module that the types are in: names that a nested type hides are written with it.
    let module: String
    /// Which of the definitions can be hashed.
    let isHashable: (String) -> Bool
    private(set) var usesFoundation = false
    private(set) var writer = SourceWriter()

    init(module: String, isHashable: @escaping (String) -> Bool) {
        self.module = module
        self.isHashable = isHashable
    }

    mutating func write(_ declaration: Declaration, hidden: Set<String> = []) {
        switch declaration {
        case .enumeration(let enumeration): Self.write(enumeration, to: &writer)
        case .structure(let structure): write(structure, hidden: hidden)
        }
    }

    mutating func withWriter(_ body: (inout SourceWriter) -> Void) { body(&writer) }

    // MARK: Enums

    private static func write(_ enumeration: Enumeration, to writer: inout SourceWriter) {
        writer.document(enumeration.documentation.isEmpty ? ["One of a few values."] : enumeration.documentation)
        writer.block("public enum \(SwiftName.escaped(enumeration.name)): String, Codable, Sendable, Hashable, CaseIterable") { writer in
            for item in enumeration.cases {
                writer.document([item.text.isEmpty ? "The empty text." : "`\(item.text)`"])
                let text = item.text == item.name ? "" : " = " + SourceWriter.literal(item.text)
                writer.line("case \(SwiftName.escaped(item.name))\(text)")
            }
        }
    }

    // MARK: Structs

    private mutating func write(_ structure: Structure, hidden: Set<String>) {
        let hidden = hidden.union(structure.nested.map(\.name))
        let hash = Self.isHashable(.structure(structure), isHashable) ? "Hashable" : "Equatable"
        let kind = structure.message.map { $0.isEvent ? "Event" : "Command" } ?? "Codable, Sendable"
        if let deprecation = structure.message?.deprecation {
            writer.document(structure.documentation + ["", "- Important: Deprecated: \(deprecation)"])
            writer.line("@available(*, deprecated, message: \(SourceWriter.literal(deprecation)))")
        } else {
            writer.document(structure.documentation.isEmpty ? ["An object."] : structure.documentation)
        }
        let nested = types(of: structure, hidden: hidden)
        writer.block("public struct \(SwiftName.escaped(structure.name)): \(kind), \(hash)") { writer in
            if let message = structure.message { Self.writeConstants(message, to: &writer) }
            for (property, type) in nested.properties {
                writer.document(property.documentation)
                writer.line("public var \(SwiftName.escaped(property.name)): \(type)")
            }
            if let message = structure.message { Self.writePartitionKey(message, to: &writer) }
            if !structure.properties.isEmpty { writer.line() }
            Self.writeInitialiser(structure, nested.properties, to: &writer)
            Self.writeCodingKeys(structure, to: &writer)
            for text in nested.declarations {
                writer.line()
                for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() { writer.line(String(line)) }
            }
        }
    }

    private mutating func types(
        of structure: Structure, hidden: Set<String>
    ) -> (properties: [(Structure.Property, String)], declarations: [String]) {
        let properties = structure.properties.map { property in
            (property, text(of: property.type, hidden: hidden) + (property.isOptional ? "?" : ""))
        }
        let declarations = structure.nested.map { declaration in
            var inner = DeclarationWriter(module: module, isHashable: isHashable)
            inner.write(declaration, hidden: hidden)
            if inner.usesFoundation { usesFoundation = true }
            return inner.writer.text
        }
        return (properties, declarations)
    }

    private mutating func text(of type: SwiftType, hidden: Set<String>) -> String {
        switch type {
        case .string: return "String"
        case .int: return "Int"
        case .double: return "Double"
        case .bool: return "Bool"
        case .json: return "JSONValue"
        case .uuid:
            usesFoundation = true
            return "UUID"
        case .date:
            usesFoundation = true
            return "Date"
        case .array(let element): return "[\(text(of: element, hidden: hidden))]"
        case .map(let value): return "[String: \(text(of: value, hidden: hidden))]"
        case .nested(let name): return SwiftName.escaped(name)
        case .definition(let name): return hidden.contains(name) ? "\(module).\(name)" : SwiftName.escaped(name)
        }
    }

    private static func writeConstants(_ message: Structure.MessagePart, to writer: inout SourceWriter) {
        writer.line("/// `\(message.type)`")
        writer.line("public static let type = \(SourceWriter.literal(message.type))")
        writer.line("/// The version of the schema.")
        writer.line("public static let version = \(message.version)")
        writer.line("/// \(message.isEvent ? "The topic that it is published to." : "The topic in whose contract it stands.")")
        writer.line("public static let topic = \(SourceWriter.literal(message.topic))")
        writer.line("/// The contracts that it stands in.")
        writer.line("public static var catalog: MessageCatalog? { MessageCatalog.topics }")
        writer.line()
    }

    private static func writePartitionKey(_ message: Structure.MessagePart, to writer: inout SourceWriter) {
        guard let key = message.partitionKey else { return }
        writer.line()
        writer.line("/// Those with the same `\(message.partitionKeyName)` are handled one after another.")
        writer.line("public var partitionKey: String { \(key) }")
    }

    private static func writeInitialiser(
        _ structure: Structure, _ properties: [(Structure.Property, String)], to writer: inout SourceWriter
    ) {
        let parameters = properties.map { property, type in
            let initial = property.initial ?? (property.isRequired ? nil : "nil")
            return "\(SwiftName.escaped(property.name)): \(type)" + (initial.map { " = \($0)" } ?? "")
        }
        let list = parameters.joined(separator: ", ")
        let what = structure.message.map { $0.isEvent ? "event" : "command" } ?? "value"
        writer.line("/// Makes the \(what).")
        let assign = { (writer: inout SourceWriter) in
            for property in structure.properties {
                let name = SwiftName.escaped(property.name)
                writer.line("self.\(name) = \(name)")
            }
        }
        if list.count <= 90 {
            if properties.isEmpty { writer.line("public init() {}") } else { writer.block("public init(\(list))", assign) }
        } else {
            writer.line("public init(")
            writer.indented { $0.line(parameters.joined(separator: ", ")) }
            writer.block(")", assign)
        }
    }

    private static func writeCodingKeys(_ structure: Structure, to writer: inout SourceWriter) {
        guard !structure.properties.isEmpty else { return }
        writer.line()
        writer.block("private enum CodingKeys: String, CodingKey") { writer in
            for property in structure.properties {
                let key = property.key == property.name ? "" : " = " + SourceWriter.literal(property.key)
                writer.line("case \(SwiftName.escaped(property.name))\(key)")
            }
        }
        // Swift leaves out what is nil, but a required property must be there, as null.
        guard structure.properties.contains(where: { $0.isRequired && $0.isNullable }) else { return }
        writer.line()
        writer.line("/// Writes the value; what is required is written also when it is null.")
        writer.block("public func encode(to encoder: any Encoder) throws") { writer in
            writer.line("var container = encoder.container(keyedBy: CodingKeys.self)")
            for property in structure.properties {
                let name = SwiftName.escaped(property.name)
                let function = property.isRequired ? "encode" : "encodeIfPresent"
                writer.line("try container.\(function)(\(name), forKey: .\(name))")
            }
        }
    }

    // MARK: Hashing

    /// Whether a type can be hashed; any JSON cannot.
    /// - Parameter definition: the same for a definition.
    static func isHashable(_ declaration: Declaration, _ definition: (String) -> Bool) -> Bool {
        guard case .structure(let structure) = declaration else { return true }
        func check(_ type: SwiftType) -> Bool {
            switch type {
            case .json: false
            case .array(let element), .map(let element): check(element)
            case .definition(let name): definition(name)
            default: true
            }
        }
        return structure.properties.allSatisfy { check($0.type) }
            && structure.nested.allSatisfy { isHashable($0, definition) }
    }
}
