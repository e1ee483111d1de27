import ContractFiles
import Contracts
import Foundation
import Testing

/// The parts of a contract file that were added to its first form.
@Suite("TopicFile forms")
struct TopicFileFormTests {
    static let short = """
        topic: a.b
        owner: me
        description: A topic.
        partitionKey: id
        events:
          a.made:
            description: Made.
            personal: { subject: /id, fields: [/mail, /people/*/name] }
            schema:
              type: object
              additionalProperties: false
              required: [id]
              properties:
                id: { $ref: '#/$defs/Id' }
                mail: { type: string, format: email }
                people: { type: array, items: { $ref: '#/$defs/Person' } }
                no: { type: boolean }
                count: { type: integer, minimum: 1 }
            example:
              id: x
              mail: a@example.com
              no: true
        $defs:
          Id: { type: string, minLength: 1 }
          Person: { type: object, properties: { name: { type: string } } }
        """

    static func problems(replacing old: String, with new: String) -> [String] {
        #expect(short.contains(old))
        return problems(short.replacingOccurrences(of: old, with: new))
    }

    static func problems(_ text: String) -> [String] {
        TopicFileTests.problems(text, path: "a.b.yaml").map { String($0.dropFirst("a.b.yaml:".count)) }
    }

    @Test("the short form is version 1")
    func shortForm() throws {
        let event = try #require(try TopicFile.parse(Self.short, path: "a.b.yaml").events.first)
        #expect(event.versions.map(\.number) == [1])
        let personal = try #require(event.current.personal)
        #expect(personal.subject.text == "/id" && personal.fields.map(\.text) == ["/mail", "/people/*/name"])
        #expect(event.current.schemaPlaces[try #require(JSONPointer("/properties/no/type"))].line == 17)
        #expect(event.current.examplePlaces[try #require(JSONPointer("/mail"))].description == "a.b.yaml:21:7")
        let third = Self.short.replacingOccurrences(of: "    schema:", with: "    version: 3\n    schema:")
        #expect(try TopicFile.parse(third, path: "a.b.yaml").events[0].current.number == 3)
    }

    @Test("the schema for editors is the one that `topics new` writes, and takes the contracts")
    func editorSchema() throws {
        let path = TopicContractTests.directory + "/" + ContractFileSchema.fileName
        #expect(try String(contentsOfFile: path, encoding: .utf8) == ContractFileSchema.text)
        let schema = try JSONSchema(compiling: try JSONValue.parse(ContractFileSchema.text))
        #expect(schema.isValid(["topic": "a.b", "owner": "me", "description": "x", "partitionKey": "id", "events": [:]]))
        #expect(!schema.isValid(["topic": "a.b", "ovner": "me", "description": "x", "partitionKey": "id", "events": [:]]))
    }

    /// Fails when names are read as YAML 1.1 reads them: there `no` is false, and so is `off`.
    @Test("words that are truth values elsewhere are names here", arguments: ["no", "yes", "on", "off", "y", "n", "null"])
    func trapWords(_ word: String) throws {
        let text = Self.short.replacingOccurrences(of: "no: ", with: "\(word): ")
        let event = try TopicFile.parse(text, path: "a.b.yaml").events[0]
        #expect(event.current.schema["properties"]?[word] != nil)
        #expect(event.current.example[word]?.boolValue == true)
    }

    @Test("deprecation: true, or what to use instead")
    func deprecation() throws {
        func read(_ value: String) throws -> String? {
            let text = Self.short.replacingOccurrences(
                of: "    description: Made.", with: "    description: Made.\n    deprecated: \(value)")
            return try TopicFile.parse(text, path: "a.b.yaml").events[0].deprecation
        }
        #expect(try read("true") == "deprecated")
        #expect(try read("false") == nil)
        #expect(try read("Use a.built.") == "Use a.built.")
    }

    @Test(
        "says what is wrong, and where",
        arguments: [
            ("owner: me", "owner:\tme\n\tx: 1", ["3:1: error: a tab; YAML is indented with spaces"]),
            (
                "    schema:", "    versions: {}\n    schema:",
                [
                    "9:15: error: \"a.made\" has no versions",
                    "11:7: error: \"schema\" belongs into one of the versions, because there are \"versions\"",
                ]
            ),
            ("    schema:", "    version: first\n    schema:", ["9:14: error: \"first\" is not a version: a number from 1"]),
            (
                "    example:", "    exampel:",
                [
                    "6:3: error: version 1 has no example",
                    "19:5: error: \"exampel\" is not a word of event \"a.made\"; did you mean \"example\"?",
                ]
            ),
            ("subject: /id", "subject: id", ["8:26: error: id is not a JSON pointer to a property; they look like /customerId"]),
            ("subject: /id", "subject: /mail", ["8:26: error: the subject must be required: \"mail\" is not"]),
            ("subject: /id", "subject: /ix", ["8:26: error: there is no /ix in the data; did you mean \"id\"?"]),
            ("subject: /id, ", "", ["8:15: error: personal data needs a \"subject\" (who it is about) and \"fields\""]),
            (
                "fields: [/mail,", "fields: [/id,",
                [
                    "8:40: error: the subject itself cannot be erased: it finds the key",
                    "8:40: error: the partition key cannot be personal: it travels in the clear beside the data",
                ]
            ),
            ("fields: [/mail,", "fields: [/male,", ["8:40: error: there is no /male in the data; there are id, mail, people"]),
            ("/people/*/name", "/people/0/name", ["8:47: error: there is no /people/0/name in the data; there are "]),
            ("partitionKey: id", "partitionKey: no", ["4:15: error: write true or false, or put \"no\" into quotes"]),
            (
                "partitionKey: id", "partitionKey: idd",
                [
                    "10:7: error: the partition key \"idd\" must be a required property; did you mean \"id\"?"
                ]
            ),
            (
                "Id: { type: string, minLength: 1 }", "Id: { type: boolean }",
                [
                    "8:26: error: the subject must be a string or an integer",
                    "10:7: error: the partition key \"id\" must be a string or an integer",
                ]
            ),
            ("minimum: 1", "multipleOf: 0", ["18:33: error: not a JSON Schema: /properties/count/multipleOf must be more than 0"]),
            ("minLength: 1", "pattern: '('", ["24:23: error: not a JSON Schema: "]),
            ("mail: a@example.com", "mail: nobody", ["21:7: error: the example does not fit: /mail must be an e-mail address"]),
            ("      no: true", "      count: 0", ["22:7: error: the example does not fit: /count must be at least 1"]),
            (
                "description: Made.", "description: Made.\n    deprecated: [x]",
                [
                    "8:17: error: deprecated must be true, or say what to use instead"
                ]
            ),
        ])
    func problem(_ old: String, _ new: String, _ expected: [String]) {
        let found = Self.problems(replacing: old, with: new)
        #expect(found.count == expected.count, "\(found)")
        for (found, expected) in zip(found, expected) { #expect(found.hasPrefix(expected), "\(found)") }
    }

    /// The parser calls itself per level. Fails when the depth is not looked at before the text is parsed, of brackets or of indentations
    /// alone too. (There was no crash then: other problems were found, or none.)
    @Test(
        "what is nested too deep is refused before it is read",
        arguments: [
            String(repeating: "[", count: 200_000), String(repeating: "{a: ", count: 200_000), String(repeating: "- ", count: 200_000),
            "a: " + String(repeating: "[{b: ", count: 100_000),
            (0..<1_000).map { String(repeating: " ", count: $0) + "a:" }.joined(separator: "\n"),
        ])
    func deep(_ text: String) {
        #expect(Self.problems(text).contains { $0.hasSuffix("error: this is nested too deep") })
    }

    @Test("an alias cannot make a file grow")
    func aliases() {
        let bomb =
            "a: &a [x,x]\n"
            + (0..<40).map { "b\($0): &b\($0) [*\($0 == 0 ? "a" : "b\($0 - 1)"), *\($0 == 0 ? "a" : "b\($0 - 1)")]" }
            .joined(separator: "\n")
        #expect(!Self.problems(bomb).isEmpty)
        let inside = Self.problems(replacing: "      id: x\n", with: "      id: &x y\n      mail2: *x\n")
        #expect(
            inside == [
                "20:11: error: anchors and aliases are not taken here; use $defs"
            ])
    }
}
