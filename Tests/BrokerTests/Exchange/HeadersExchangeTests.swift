import Broker
import Testing

@Suite struct HeadersExchangeTests {
    struct Case: CustomTestStringConvertible {
        let name: String
        let binding: FieldTable
        let headers: FieldTable?
        let isMatch: Bool
        var testDescription: String { name }
    }

    static let cases = [
        Case(
            name: "all, all there", binding: ["x-match": "all", "a": "1", "b": "2"], headers: ["a": "1", "b": "2"],
            isMatch: true),
        Case(
            name: "all, more there", binding: ["x-match": "all", "a": "1"], headers: ["a": "1", "b": "2"], isMatch: true
        ),
        Case(
            name: "all, one missing", binding: ["x-match": "all", "a": "1", "b": "2"], headers: ["a": "1"],
            isMatch: false),
        Case(
            name: "all, one different", binding: ["x-match": "all", "a": "1", "b": "2"], headers: ["a": "1", "b": "3"],
            isMatch: false),
        Case(name: "all is the default", binding: ["a": "1", "b": "2"], headers: ["a": "1"], isMatch: false),
        Case(name: "no arguments match everything", binding: [:], headers: ["a": "1"], isMatch: true),
        Case(name: "no arguments match no headers", binding: [:], headers: nil, isMatch: true),
        Case(name: "all of nothing", binding: ["x-match": "all"], headers: nil, isMatch: true),
        Case(
            name: "any, one there", binding: ["x-match": "any", "a": "1", "b": "2"], headers: ["b": "2"], isMatch: true),
        Case(
            name: "any, none there", binding: ["x-match": "any", "a": "1", "b": "2"], headers: ["b": "1"],
            isMatch: false),
        Case(name: "any of nothing", binding: ["x-match": "any"], headers: ["a": "1"], isMatch: false),
        Case(name: "any, no headers", binding: ["x-match": "any", "a": "1"], headers: nil, isMatch: false),
        Case(
            name: "x- is not counted by all", binding: ["x-match": "all", "x-a": "1"], headers: ["b": "1"],
            isMatch: true),
        Case(
            name: "x- is not counted by any", binding: ["x-match": "any", "x-a": "1"], headers: ["x-a": "1"],
            isMatch: false),
        Case(
            name: "all-with-x counts it", binding: ["x-match": "all-with-x", "x-a": "1"], headers: ["b": "1"],
            isMatch: false),
        Case(
            name: "all-with-x matches it", binding: ["x-match": "all-with-x", "x-a": "1"], headers: ["x-a": "1"],
            isMatch: true),
        Case(
            name: "any-with-x matches it", binding: ["x-match": "any-with-x", "x-a": "1", "b": "2"],
            headers: ["x-a": "1"], isMatch: true),
        Case(
            name: "any-with-x, none", binding: ["x-match": "any-with-x", "x-a": "1"], headers: ["x-a": "2"],
            isMatch: false),
        Case(
            name: "void asks for presence", binding: ["x-match": "all", "a": .void], headers: ["a": "anything"],
            isMatch: true),
        Case(name: "void, missing", binding: ["x-match": "all", "a": .void], headers: ["b": "1"], isMatch: false),
        Case(name: "numbers by value", binding: ["a": .int32(5)], headers: ["a": .int64(5)], isMatch: true),
        Case(name: "whole and floating", binding: ["a": .int32(5)], headers: ["a": .double(5)], isMatch: true),
        Case(name: "floating, another", binding: ["a": .int32(5)], headers: ["a": .float(5.5)], isMatch: false),
        Case(name: "number and time", binding: ["a": .int64(5)], headers: ["a": .timestamp(5)], isMatch: true),
        Case(
            name: "large numbers exactly", binding: ["a": .int64(1 << 53)], headers: ["a": .timestamp(1 << 53 + 1)],
            isMatch: false),
        Case(name: "text and bytes", binding: ["a": "5"], headers: ["a": .bytes([0x35])], isMatch: true),
        Case(
            name: "types count within lists", binding: ["a": .array([.int32(5)])], headers: ["a": .array([.double(5)])],
            isMatch: false),
        Case(name: "number is not text", binding: ["a": .int32(5)], headers: ["a": "5"], isMatch: false),
        Case(name: "booleans", binding: ["a": .bool(true)], headers: ["a": .bool(false)], isMatch: false),
        Case(name: "tables", binding: ["a": .table(["b": "c"])], headers: ["a": .table(["b": "c"])], isMatch: true),
    ]

    @Test(arguments: cases) func matches(_ test: Case) throws {
        let broker = try CoreFixture()
        try broker.queue("q")
        try broker.bind("amq.headers", to: "q", "", test.binding)
        let outcome = try broker.publish("m", to: "amq.headers", "ignored", headers: test.headers)
        #expect((outcome != .unroutable) == test.isMatch)
    }

    /// Fails when routes by header are remembered by routing key.
    @Test func theSameKeyGoesDifferentWays() throws {
        let broker = try CoreFixture()
        try broker.queue("a")
        try broker.queue("b")
        try broker.bind("amq.match", to: "a", "", ["kind": "a"])
        try broker.bind("amq.match", to: "b", "", ["kind": "b"])
        for kind in ["a", "b", "a", "b"] {
            try broker.publish(kind, to: "amq.match", "k", headers: ["kind": .string(kind)])
        }
        #expect(try broker.drain("a") == ["a", "a"])
        #expect(try broker.drain("b") == ["b", "b"])
    }

    @Test func severalRulesOfOneQueueAreKeptApart() throws {
        let broker = try CoreFixture()
        try broker.queue("a")
        try broker.bind("amq.match", to: "a", "", ["kind": "a"])
        try broker.bind("amq.match", to: "a", "", ["kind": "b"])
        try broker.unbind("amq.match", from: "a", "", ["kind": "a"])
        #expect(try broker.publish("1", to: "amq.match", "", headers: ["kind": "a"]) == .unroutable)
        #expect(try broker.publish("2", to: "amq.match", "", headers: ["kind": "b"]) != .unroutable)
    }

    @Test func aBadModeIsRefused() throws {
        let broker = try CoreFixture()
        try broker.queue("a")
        let value = fault { try broker.bind("amq.match", to: "a", "", ["x-match": "most"]) }
        #expect(value?.code == .preconditionFailed)
        #expect(
            value?.explanation
                == "Invalid x-match field value <<\"most\">>; expected all, any, all-with-x, or any-with-x")
        let type = fault { try broker.bind("amq.match", to: "a", "", ["x-match": .int32(1)]) }
        #expect(type?.explanation == "Invalid x-match field type signedint (value 1); expected longstr")
    }
}

extension FieldValue: ExpressibleByStringLiteral {
    public init(stringLiteral value: String) { self = .string(value) }
}
