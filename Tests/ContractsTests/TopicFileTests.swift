import ContractFiles
import Contracts
import Foundation
import Testing

@Suite("TopicFile")
struct TopicFileTests {
    static let good = """
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
                    id: { $ref: '#/$defs/Id' }
                    at: { type: string, format: date-time }
                    price: { type: number, minimum: 0.50 }
                example:
                  id: x
                  at: 2026-01-01T00:00:00Z
                  price: 1.50
        $defs:
          Id: { type: string, minLength: 1 }
        """

    static func problems(_ text: String, path: String = "topics/a.b.yaml") -> [String] {
        do {
            _ = try TopicFile.parse(text, path: path)
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    static func problems(replacing old: String, with new: String) -> [String] {
        #expect(good.contains(old))
        return problems(good.replacingOccurrences(of: old, with: new)).map { String($0.dropFirst("topics/a.b.yaml:".count)) }
    }

    @Test("reads a good file")
    func read() throws {
        let file = try TopicFile.parse(Self.good, path: "topics/a.b.yaml")
        #expect(file.topic == "a.b")
        #expect(file.owner == "me")
        #expect(file.description == "A topic.")
        let event = try #require(file.events.first)
        #expect(event.type == "a.made")
        #expect(event.partitionKey == "id")
        #expect(event.location.description == "topics/a.b.yaml:6:3")
        #expect(event.current.number == 1)
        // Times stay text, and numbers keep their digits.
        #expect(event.current.example.description == #"{"id":"x","at":"2026-01-01T00:00:00Z","price":1.50}"#)
        #expect(event.current.schema["$defs"]?["Id"]?["minLength"]?.intValue == 1)
        #expect(file.commands.isEmpty)
    }

    @Test(
        "says what is wrong, and where",
        arguments: [
            ("topic: a.b", "topic: ab", ["1:8: error: \"ab\" is not a name for topic; they look like \"commerce.orders\""]),
            ("topic: a.b", "topic: a.c", ["1:8: error: the file of the topic \"a.c\" must be named a.c.yaml, not a.b.yaml"]),
            ("owner: me", "owner: Me", ["2:8: error: \"Me\" is not a name for owner; they look like \"orders\""]),
            ("owner: me", "owner: 5", ["2:8: error: \"owner\" must be text"]),
            ("owner: me\n", "", ["1:1: error: \"owner\" is missing"]),
            (
                "owner: me", "ovner: me",
                [
                    "1:1: error: \"owner\" is missing", "2:1: error: \"ovner\" is not a word of a contract file; did you mean \"owner\"?",
                ]
            ),
            ("owner: me", "owner: me\nowner: me", ["2:1: error: \"owner\" is there twice"]),
            ("a.made:", "Made:", ["6:3: error: \"Made\" is not a name for a type; they look like \"order.created\""]),
            ("      1:", "      one:", ["9:7: error: \"one\" is not a version: a number from 1"]),
            ("      1:", "      0:", ["9:7: error: \"0\" is not a version: a number from 1"]),
            (
                "type: object", "type: objekt",
                [
                    "11:11: error: the schema of a message must have \"type: object\"",
                    "11:17: error: \"objekt\" is not a type; did you mean \"object\"?",
                ]
            ),
            (
                "additionalProperties: false", "additionalProperties: no",
                [
                    "12:33: error: write true or false, or put \"no\" into quotes"
                ]
            ),
            (
                "required: [id]", "required: [id, idd]",
                [
                    "13:26: error: \"idd\" is required, but is not among the properties; did you mean \"id\"?",
                    "19:11: error: the example lacks \"idd\"",
                ]
            ),
            ("required: [id]", "required: []", ["11:11: error: the partition key \"id\" must be a required property"]),
            ("#/$defs/Id'", "#/$defs/Ix'", ["15:25: error: $defs has no \"Ix\"; did you mean \"Id\"?"]),
            (
                "format: date-time", "fromat: date-time",
                [
                    "16:33: error: \"fromat\" is not a word of JSON Schema; did you mean \"format\"?"
                ]
            ),
            ("minimum: 0.50", "minimum: low", ["17:45: error: minimum must be a number"]),
            ("minLength: 1", "minLength: -1", ["23:34: error: minLength must be a whole number from 0"]),
            (
                "    at: { type", "    At_x: { type",
                [
                    "16:13: error: \"At_x\" is not a name for a property; they look like \"orderId\"",
                    "19:11: error: the example has \"at\", which is not among the properties; there are id, At_x, price",
                ]
            ),
            ("price: 1.50", "price: 0x10", ["21:18: error: 0x10 is not a number in JSON; write it in decimal, or put it into quotes"]),
            ("id: x", "id: &a x", ["19:15: error: anchors and aliases are not taken here; use $defs"]),
            ("events:", "events: [", ["6:9: error: not YAML"]),
            (
                "  Id: {", "  id: {",
                [
                    "15:25: error: $defs has no \"Id\"; did you mean \"id\"?",
                    "23:3: error: \"id\" is not a name for a definition; they look like \"OrderItem\"",
                ]
            ),
        ])
    func problem(_ old: String, _ new: String, _ expected: [String]) {
        let found = Self.problems(replacing: old, with: new)
        #expect(found.count == expected.count, "\(found)")
        for (found, expected) in zip(found, expected) {
            #expect(expected.hasSuffix("not YAML") ? found.contains("not YAML") : found == expected, "\(found)")
        }
    }

    @Test("refuses what is no contract", arguments: ["", "[]", "5", "a: b", "\t", "--- 1\n--- 2", "{", "*a", "topic: &a [*a]"])
    func noContract(_ text: String) {
        #expect(!Self.problems(text).isEmpty)
    }

    @Test("versions follow each other")
    func versions() throws {
        let second = Self.good.replacingOccurrences(of: "      1:\n", with: "      2:\n")
        let body = Self.good.components(separatedBy: "      1:\n")[1].components(separatedBy: "$defs:\n  Id")[0]
        let both = second.replacingOccurrences(of: "      2:\n", with: "      3:\n\(body)      1:\n")
        #expect(Self.problems(both) == ["topics/a.b.yaml:9:7: error: version 3 does not follow version 1"])
        let two = second.replacingOccurrences(of: "      2:\n", with: "      2:\n\(body)      1:\n")
        #expect(try TopicFile.parse(two, path: "a.b.yaml").events[0].versions.map(\.number) == [1, 2])
        #expect(try TopicFile.parse(two, path: "a.b.yaml").events[0].current.number == 2)
    }

    @Test("a catalog has each type once")
    func catalog() throws {
        let one = try TopicFile.parse(Self.good, path: "a.b.yaml")
        let two = try TopicFile.parse(Self.good.replacingOccurrences(of: "topic: a.b", with: "topic: a.c"), path: "a.c.yaml")
        let error = #expect(throws: ContractFileError.self) { try TopicCatalog([one, two]) }
        #expect(
            error?.description
                == "a.c.yaml:6:3: error: the type \"a.made\" is also at a.b.yaml:6:3; types are unique in a system")
        #expect(throws: ContractFileError.self) { try TopicCatalog([one, one]) }
    }

    @Test("a folder: all files are looked at, and all problems said")
    func directory() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "topics-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Self.good.write(to: folder.appending(path: "a.b.yaml"), atomically: true, encoding: .utf8)
        try "notes".write(to: folder.appending(path: "README.md"), atomically: true, encoding: .utf8)
        #expect(try TopicCatalog.load(directory: folder.path).topics.count == 1)
        try "a: 1".write(to: folder.appending(path: "c.d.yaml"), atomically: true, encoding: .utf8)
        try Data([0xFF]).write(to: folder.appending(path: "e.f.yml"))
        let error = #expect(throws: ContractFileError.self) { try TopicCatalog.load(directory: folder.path) }
        #expect(Set(error?.problems.map { String($0.location.file.suffix(8)) } ?? []) == ["c.d.yaml", "/e.f.yml"])
        #expect(throws: ContractFileError.self) { try TopicCatalog.load(directory: folder.path + "/none") }
    }
}
