import Compatibility
import ContractFiles
import Contracts
import Foundation
import Testing

@Suite("ContractComparison")
struct ContractComparisonTests {
    static let base = """
        topic: a.b
        owner: me
        description: A topic.
        partitionKey: id
        events:
          a.made:
            description: Made.
            versions:
              1:
                schema:
                  type: object
                  additionalProperties: false
                  required: [id]
                  properties:
                    id: { type: string }
                    n: { type: integer, maximum: 10 }
                    other: { type: string }
                example: { id: x }
          a.lost:
            description: Lost.
            schema: { type: object, additionalProperties: false, required: [id], properties: { id: { type: string } } }
            example: { id: x }
        commands:
          a.make:
            description: Make.
            schema: { type: object, additionalProperties: false, required: [id], properties: { id: { type: string } } }
            example: { id: x }
        """

    static func catalog(_ changes: [(String, String)] = []) throws -> TopicCatalog {
        let text = changes.reduce(base) { text, change in
            #expect(text.contains(change.0))
            return text.replacingOccurrences(of: change.0, with: change.1)
        }
        return try TopicCatalog([TopicFile.parse(text, path: "a.b.yaml")])
    }

    static func findings(_ changes: (String, String)...) throws -> [ContractFinding] {
        ContractComparison.findings(
            from: try catalog(), to: try catalog(changes),
            consumers: ContractConsumers { $0.kind == .event ? ["reader"] : ["me"] })
    }

    @Test("nothing differs from itself, nor by words for people")
    func same() throws {
        #expect(try Self.findings().isEmpty)
        #expect(try Self.findings(("description: Made.", "description: Was made.")).isEmpty)
    }

    @Test("a finding has its place, its rule and its consumers")
    func finding() throws {
        let found = try Self.findings(("maximum: 10", "maximum: 5"))
        let first = try #require(found.first)
        #expect(found.count == 1)
        #expect(first.type == "a.made" && first.version == 1 && first.pointer.text == "/n")
        #expect(first.rule.description == "maximum-lowered" && first.breaks == .backward && first.severity == .breaking)
        #expect(first.consumers == ["reader"])
        #expect(first.location.description == "a.b.yaml:16:13")
    }

    @Test(
        "changes of contracts",
        arguments: [
            ("  a.lost:", "  a.found:", "message-removed", Directions.full),
            ("commands:\n  a.make:", "  a.make:", "kind-changed", .full),
        ])
    func contracts(_ old: String, _ new: String, _ rule: String, _ breaks: Directions) throws {
        let found = try Self.findings((old, new))
        #expect(found.contains { $0.rule.description == rule && $0.breaks == breaks && $0.severity == .breaking }, "\(found)")
    }

    @Test("another partition key breaks the order of messages")
    func partitionKey() throws {
        let found = try Self.findings(
            ("description: Made.", "description: Made.\n    partitionKey: other"),
            (
                "required: [id]\n          properties:\n            id: { type: string }\n            n",
                "required: [id, other]\n          properties:\n            id: { type: string }\n            n"
            ),
            ("        example: { id: x }\n  a.lost", "        example: { id: x, other: y }\n  a.lost"))
        #expect(found.map(\.rule.description) == ["partition-key-changed", "required-added"])
        #expect(found.first?.breaks == .full)
    }

    @Test("a new version may differ; what it breaks is a note")
    func newVersion() throws {
        let second = """
                  2:
                    schema: { type: object, additionalProperties: false, required: [id, w], properties: { id: { type: string }, w: { type: integer } } }
                    example: { id: x, w: 1 }
              a.lost:
            """
        let found = try Self.findings(("  a.lost:", second))
        #expect(found.contains { $0.rule.description == "version-added" && $0.severity == .harmless })
        let notes = found.filter { $0.severity == .newVersion }
        #expect(notes.contains { $0.rule.description == "required-added" && $0.message.contains("an upcaster from version 1 is needed") })
        #expect(!found.contains { $0.severity == .breaking })
    }

    @Test("a version, a topic and the data's owner can go or come")
    func comingAndGoing() throws {
        let two = try Self.catalog([("      1:\n", "      2:\n")])
        let gone = ContractComparison.findings(from: try Self.catalog(), to: two)
        #expect(gone.map(\.rule.description) == ["version-removed", "version-added"])
        let none = try TopicCatalog([])
        let removed = ContractComparison.findings(from: try Self.catalog(), to: none)
        #expect(removed.first?.rule.description == "topic-removed")
        #expect(removed.dropFirst().allSatisfy { $0.rule.description == "message-removed" } && removed.count == 4)
        let added = ContractComparison.findings(from: none, to: try Self.catalog())
        #expect(!added.isEmpty && added.allSatisfy { $0.severity == .harmless })
        let owner = try Self.findings(("owner: me", "owner: you"))
        #expect(owner.map(\.rule.description) == ["owner-changed"] && owner[0].breaks.isEmpty)
    }
}
