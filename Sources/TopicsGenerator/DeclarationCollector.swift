import ContractFiles
import Contracts

/// All types of all topics, each once.
struct DeclarationCollector {
    private(set) var problems: [ContractFileError.Problem] = []
    /// Who has a name, for the problem of the next who wants it.
    private var owners: [String: Owner] = [:]
    private var byTopic: [String: [Declaration]] = [:]
    private var definitions: [String: Declaration] = [:]
    private let module: String

    private struct Owner {
        var what: String
        var location: SourceLocation
        var definition: Declaration?
    }

    init(module: String) { self.module = module }

    /// The types of a topic: those of its messages, then those its schemas share, if no topic before it has them.
    func declarations(of topic: String) -> [Declaration] { byTopic[topic] ?? [] }

    /// Whether a definition can be hashed.
    func isHashable(_ name: String) -> Bool { isHashable(name, open: []) }

    private func isHashable(_ name: String, open: Set<String>) -> Bool {
        guard let declaration = definitions[name], !open.contains(name) else { return true }
        return DeclarationWriter.isHashable(declaration) { isHashable($0, open: open.union([name])) }
    }

    mutating func add(_ topic: TopicFile) {
        var mapper = TypeMapper(file: topic)
        claim(SwiftName.type(topic.topic), "the topic \(topic.topic)", at: topic.location, declaration: nil)
        for message in topic.messages {
            for version in message.versions { add(version, of: message, topic, &mapper) }
        }
        let declarations = topic.definitions.compactMap { definition in
            mapper.declaration(of: definition).map { (definition, $0) }
        }
        let finite = RecursionCut.cut(declarations.map(\.1))
        for ((definition, _), declaration) in zip(declarations, finite) {
            add(declaration, of: definition, topic)
        }
        problems += mapper.problems
    }

    private mutating func add(_ declaration: Declaration, of definition: TopicFile.Definition, _ topic: TopicFile) {
        let location = definition.places.root
        if SwiftName.takenTypes.contains(definition.name) || definition.name == module {
            problems.append(
                .init(
                    location: location,
                    message: "\"\(definition.name)\" has a meaning of its own in Swift; give the definition another name"))
            return
        }
        guard claim(definition.name, "the definition \(definition.name)", at: location, declaration: declaration) else { return }
        definitions[definition.name] = declaration
        byTopic[topic.topic, default: []].append(declaration)
    }

    private mutating func add(
        _ version: ContractVersion, of message: MessageContract, _ topic: TopicFile, _ mapper: inout TypeMapper
    ) {
        let isEvent = message.kind == .event
        let plain = isEvent ? SwiftName.event(message.type) : SwiftName.command(message.type)
        let isCurrent = version.number == message.current.number
        let name = isCurrent ? plain : "\(plain)V\(version.number)"
        var structure = mapper.structure(name, version.schema, .init(places: version.schemaPlaces))
        structure.documentation = documentation(of: version, message, topic, isCurrent: isCurrent)
        mark(version.personal, in: &structure)
        guard let key = partitionKey(of: message, version, in: &structure) else { return }
        structure.message = .init(
            isEvent: isEvent, type: message.type, version: version.number, topic: topic.topic, partitionKey: key.source,
            partitionKeyName: message.partitionKey, deprecation: version.deprecation ?? message.deprecation)
        let what = "version \(version.number) of \(message.type)"
        guard claim(name, what, at: version.location, declaration: nil) else { return }
        byTopic[topic.topic, default: []].append(.structure(structure))
    }

    private func documentation(
        of version: ContractVersion, _ message: MessageContract, _ topic: TopicFile, isCurrent: Bool
    ) -> [String] {
        var lines = TypeMapper.lines(of: .string(message.description))
        if let text = version.description { lines += [""] + TypeMapper.lines(of: .string(text)) }
        let place =
            message.kind == .event
            ? "published to `\(topic.topic)` by `\(topic.owner)`" : "carried out by `\(topic.owner)`"
        let age = isCurrent ? "version \(version.number)" : "version \(version.number), which is not the newest"
        return lines + ["", "`\(message.type)`, \(age), \(place)."]
    }

    private func mark(_ personal: PersonalData?, in structure: inout Structure) {
        guard let personal else { return }
        for index in structure.properties.indices where personal.fields.contains(JSONPointer().appending(structure.properties[index].key)) {
            structure.properties[index].documentation.append("Personal data of `\(personal.subject)`.")
        }
    }

    private struct PartitionKey {
        /// Source text; nil when a property of that name is it.
        var source: String?
    }

    /// How the partition key is read from the properties; nil when it cannot be.
    private mutating func partitionKey(
        of message: MessageContract, _ version: ContractVersion, in structure: inout Structure
    ) -> PartitionKey? {
        guard let index = structure.properties.firstIndex(where: { $0.key == message.partitionKey }) else { return nil }
        let property = structure.properties[index]
        if property.name == "partitionKey", property.type == .string { return PartitionKey(source: nil) }
        // Another property of this name would hide the requirement.
        for other in structure.properties.indices where structure.properties[other].name == "partitionKey" {
            structure.properties[other].name = "partitionKey_"
        }
        let name = SwiftName.escaped(structure.properties[index].name)
        switch property.type {
        case .string: return PartitionKey(source: name)
        case .uuid: return PartitionKey(source: "\(name).lowercased")
        case .int: return PartitionKey(source: "String(\(name))")
        case .nested(let type) where structure.nested.contains { $0.name == type && $0.isEnumeration }:
            return PartitionKey(source: "\(name).rawValue")
        case .definition: return PartitionKey(source: "\(name).rawValue")
        default:
            problems.append(
                .init(
                    location: version.schemaPlaces[JSONPointer().appending("properties").appending(property.key)],
                    message: "the partition key \"\(property.key)\" must be a text, a UUID, an integer or an enumeration"))
            return nil
        }
    }

    /// - Returns: whether the name was free; that of a definition may be taken by one that is the same type.
    @discardableResult
    private mutating func claim(
        _ name: String, _ what: String, at location: SourceLocation, declaration: Declaration?
    ) -> Bool {
        guard let other = owners[name] else {
            owners[name] = Owner(what: what, location: location, definition: declaration)
            return true
        }
        if let declaration, let same = other.definition {
            if declaration.undocumented == same.undocumented { return false }
            problems.append(
                .init(
                    location: location,
                    message: "\(name) is another type here than at \(other.location); make them the same, or rename one"))
        } else {
            problems.append(
                .init(
                    location: location,
                    message: "\(what) and \(other.what) at \(other.location) would both be named \(name) in Swift; rename one"))
        }
        return false
    }
}

extension Declaration {
    var isEnumeration: Bool {
        if case .enumeration = self { true } else { false }
    }
}
