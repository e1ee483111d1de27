import Contracts

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The contracts of these tests: `thing.counted` has two versions, and `n` must not be negative.
let countedCatalog = MessageCatalog([
    schema(
        "thing.counted", 1, isCurrent: false,
        #"{"type":"object","required":["old"],"properties":{"old":{"type":"integer","maximum":1000}}}"#),
    schema(
        "thing.counted", 2, isCurrent: true,
        #"{"type":"object","required":["n"],"properties":{"n":{"type":"integer","minimum":0},"text":{"type":"string"}}}"#),
    schema(
        "thing.told", 1, isCurrent: true,
        #"{"type":"object","required":["n"],"properties":{"n":{"type":"integer","minimum":0},"text":{"type":"string"}}}"#),
])

private func schema(_ type: String, _ version: Int, isCurrent: Bool, _ text: StaticString) -> MessageSchema {
    MessageSchema(
        .event, topic: "test.counted", owner: "tests", type: type, version: version, isCurrent: isCurrent, partitionKey: "key",
        schema: text)
}

struct CountedV1: Event {
    static let type = "thing.counted"
    static let topic = "test.counted"
    static var catalog: MessageCatalog? { countedCatalog }
    var old: Int
    var partitionKey: String { "k" }
}

struct Counted: Event {
    static let type = "thing.counted"
    static let topic = "test.counted"
    static let version = 2
    static var catalog: MessageCatalog? { countedCatalog }
    var n: Int
    var text: String?
    var partitionKey: String { "k" }
}

/// A worker publishes it; no worker of these tests handles it.
struct Told: Event {
    static let type = "thing.told"
    static let topic = "test.counted"
    static var catalog: MessageCatalog? { countedCatalog }
    var n: Int
    var text: String?
    var partitionKey: String { "k" }
}

extension Rig {
    /// `thing.counted`, of a version, with any data.
    func counted(_ data: String, key: String?, version: Int? = 2, value: Int = 0) -> Envelope {
        var envelope = message(value, key: key, type: "thing.counted")
        envelope.dataschema = version.map { "millrace:thing.counted:\($0)" }
        envelope.data = Array(data.utf8)
        return envelope
    }
}
