import ContractFiles
import Foundation

/// The first contract of a topic, for `topics new`.
struct TopicScaffold {
    var topic: String
    var owner: String
    var key: String
    var event: String
    var command: String?

    /// The text of the contract. It is a good one: it can be built as it is.
    var text: String {
        """
        # yaml-language-server: $schema=contract.schema.json
        # The contract of the topic \(topic); `millrace topics lint` says whether it is in order.
        topic: \(topic)
        owner: \(owner)
        description: Say here what the topic is about.
        # The property whose value orders the messages: those with the same value are handled one after another.
        partitionKey: \(key)

        events:
          \(event):
            description: Say here what has happened.
        \(message)
        \(commands)
        """
    }

    private var commands: String {
        guard let command else { return "" }
        return """

            commands:
              \(command):
                description: Say here what is asked of the owner.
            \(message)

            """
    }

    private var message: String {
        """
            # A version that was published stays as it is; a change is a new version. With more than one, they go
            # under `versions:`, by number.
            schema:
              type: object
              additionalProperties: false
              required: [\(key)]
              properties:
                \(key): { type: string, format: uuid, description: Say here what it identifies. }
                note: { type: string, maxLength: 500, description: A property that may be left out. }
            example:
              \(key): 0198c7d0-5b7e-7c43-9f0e-2d1a4c6b8e10
              note: hello
        """
    }

    /// Writes the contract and, when they are not there, a source file for the module and the schema for editors.
    /// - Returns: the files that were written.
    /// - Throws: ``ContractFileError`` when a name is not one; `UsageFailure` when the file is there.
    func write(into folder: String) throws -> [String] {
        let path = "\(folder)/\(topic).yaml"
        _ = try TopicFile.parse(text, path: path)
        if FileManager.default.fileExists(atPath: path) { throw UsageFailure("\(path) exists already") }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        var written = [path]
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
        if !names.contains(where: { $0.hasSuffix(".swift") }) {
            let source = "\(folder)/Topics.swift"
            let words = "// The types of this module are generated from the contracts beside this file, by the plugin TopicsPlugin.\n"
            try Data(words.utf8).write(to: URL(fileURLWithPath: source))
            written.append(source)
        }
        if !names.contains(ContractFileSchema.fileName) {
            let schema = "\(folder)/\(ContractFileSchema.fileName)"
            try Data(ContractFileSchema.text.utf8).write(to: URL(fileURLWithPath: schema))
            written.append(schema)
        }
        return written
    }
}
