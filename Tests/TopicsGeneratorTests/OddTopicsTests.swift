import ContractFiles
import Contracts
import Foundation
import OddTopics
import Testing

/// Types that were generated in this build from a contract that is hard to translate. That they compile is half of it.
@Suite("Generated types")
struct OddTopicsTests {
    static let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "OddTopics/odd.things.yaml").path

    static func example(_ type: String) throws -> JSONValue {
        let catalog = try TopicCatalog([TopicFile.load(path: path)])
        return try #require(catalog[type: type]).current.example
    }

    @Test("an example goes through its type and comes back", arguments: ["thing.happened", "thing.counted", "thing.paint"])
    func roundTrip(_ type: String) throws {
        let types: [any Message.Type] = [ThingHappened.self, ThingCounted.self, PaintThing.self]
        let message = try #require(types.first { $0.type == type })
        let example = try Self.example(type)
        #expect(try Self.recoded(message, example) == example)
    }

    private static func recoded<M: Message>(_ type: M.Type, _ value: JSONValue) throws -> JSONValue {
        try JSONValue.parse(try ContractJSON.encode(try ContractJSON.decode(M.self, from: value)))
    }

    @Test("values are where their names say")
    func values() throws {
        let thing = try ContractJSON.decode(ThingHappened.self, from: try Self.example("thing.happened"))
        #expect(thing.type == .aB2)
        #expect(ThingHappened.type == "thing.happened" && ThingHappened.version == 2 && ThingHappened.topic == "odd.things")
        #expect(thing.`default` == 1.5 && thing.`in` == "here" && thing.self_ == "me" && thing.init_ == "i")
        #expect(thing.partitionKey == thing.key.lowercased && thing.partitionKey_ == true)
        #expect(thing.point?.z == 1 && thing.corner?.x == 0 && thing.date?.day == 3)
        #expect(thing.people?.first?.phones == [.home, .work])
        #expect(thing.const == .fixed && thing.colour == .red)
        #expect(thing.counts == ["a": 1, "b": 2] && thing.byName?["x-a"]?.x == 1)
        #expect(thing.tree?.children.first?.name == "leaf")
        #expect(thing.link?.next?["value"]?.intValue == 2)
    }

    @Test("what is required is written also when it is null, what is not is left out")
    func null() throws {
        let json = try JSONValue.parse(try ContractJSON.encode(ThingHappened(key: UUID(), type: .none, nullable: nil, any: true)))
        #expect(json.objectValue?.keys == ["key", "type", "nullable", "const", "any"])
        #expect(json["nullable"]?.isNull == true)
        #expect(json["const"] == "fixed")
    }

    @Test("partition keys of other kinds than text")
    func partitionKeys() {
        #expect(ThingCounted(number: -7, no: true).partitionKey == "-7")
        #expect(PaintThing(colour: .darkBlue).partitionKey == "dark blue")
        #expect(PaintThing.version == 4)
    }

    @Test("every text of an enumeration keeps its text")
    func texts() {
        #expect(
            ThingHappened.TypeValue.allCases.map(\.rawValue) == [
                "in", "self", "", "2xl", "a-b", "a_b", "A-B", "<", "<=", "q\"u\\o\nte", "é", "all cases", "none",
            ])
    }

    @Test("the catalogue has each version with a schema that compiles")
    func catalogue() throws {
        let catalog = MessageCatalog.topics
        #expect(
            catalog.schemas.map(\.identifier) == [
                "millrace:thing.happened:1", "millrace:thing.happened:2", "millrace:thing.counted:1", "millrace:thing.paint:4",
            ])
        let current = try #require(catalog[type: "thing.happened", version: 2])
        #expect(current.isCurrent && catalog[type: "thing.happened", version: 1]?.isCurrent == false)
        #expect(current.personalSubject == "/key" && current.personalFields == ["/in", "/people/*/name"])
        #expect(catalog[type: "thing.happened", version: 3] == nil)
        for schema in catalog.schemas {
            let compiled = try JSONSchema(compiling: try JSONValue.parse(Array(schema.schemaBytes)))
            #expect(!compiled.isValid(["other": 1]))
        }
    }
}
