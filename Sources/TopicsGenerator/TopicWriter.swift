import ContractFiles

/// Writes what is known of a topic as a whole: its name, its owner, its messages and their schemas.
enum TopicWriter {
    static func write(_ topic: TopicFile, to writer: inout SourceWriter) {
        writer.document(TypeMapper.lines(of: .string(topic.description)))
        writer.block("public enum \(SwiftName.type(topic.topic))") { writer in
            writer.line("/// `\(topic.topic)`")
            writer.line("public static let topic = \(SourceWriter.literal(topic.topic))")
            writer.line("/// The worker that publishes the events and carries out the commands.")
            writer.line("public static let owner = \(SourceWriter.literal(topic.owner))")
            writer.line("/// What is published.")
            writer.line("public static let eventTypes: [String] = [\(list(topic.events))]")
            writer.line("/// What can be asked of the owner.")
            writer.line("public static let commandTypes: [String] = [\(list(topic.commands))]")
            writer.line()
            writer.line("/// The contracts of all versions, older ones first.")
            writer.line("public static let schemas: [MessageSchema] = [")
            writer.indented { writer in
                for message in topic.messages {
                    for version in message.versions { write(version, of: message, topic, to: &writer) }
                }
            }
            writer.line("]")
        }
    }

    private static func list(_ messages: [MessageContract]) -> String {
        messages.map { SourceWriter.literal($0.type) }.joined(separator: ", ")
    }

    private static func write(
        _ version: ContractVersion, of message: MessageContract, _ topic: TopicFile, to writer: inout SourceWriter
    ) {
        writer.line("MessageSchema(")
        writer.indented { writer in
            writer.line(
                ".\(message.kind.rawValue), topic: \(SourceWriter.literal(topic.topic)), owner: \(SourceWriter.literal(topic.owner)), "
                    + "type: \(SourceWriter.literal(message.type)), version: \(version.number), "
                    + "isCurrent: \(version.number == message.current.number), "
                    + "partitionKey: \(SourceWriter.literal(message.partitionKey)),")
            if let personal = version.personal {
                let fields = personal.fields.map { SourceWriter.literal($0.text) }.joined(separator: ", ")
                writer.line("personalSubject: \(SourceWriter.literal(personal.subject.text)), personalFields: [\(fields)],")
            }
            writer.line("schema: \(SourceWriter.rawLiteral(version.schema.description))),")
        }
    }
}
