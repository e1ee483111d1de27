import Compatibility
import Contracts
import Testing

@Suite("SchemaComparison")
struct SchemaComparisonTests {
    @Test("the corpus is large enough")
    func corpus() {
        #expect(breakingChanges.count >= 100 && harmlessChanges.count >= 100)
    }

    /// Fails when any one of the rules is left out of what is found: each has its pairs in the corpus. (`too-complex` has `hostile`.)
    @Test("a breaking change is found, with its direction, rule and place", arguments: breakingChanges.indices)
    func breaking(_ index: Int) throws {
        let change = breakingChanges[index]
        let found = try change.found()
        let breaks = found.reduce(into: Directions()) { $0.formUnion($1.breaks) }
        #expect(breaks == change.breaks, "\(change)\n\(found)")
        #expect(
            found.contains { $0.rule.description == change.rule && $0.pointer.text == change.pointer },
            "\(change.rule ?? "") at \(change.pointer) for \(change)\n\(found)")
    }

    @Test("a breaking change the other way round breaks the other way", arguments: breakingChanges.indices)
    func reversed(_ index: Int) throws {
        let change = breakingChanges[index]
        let found = try Change.harmless(change.new, change.old).found()
        let breaks = found.reduce(into: Directions()) { $0.formUnion($1.breaks) }
        #expect(breaks.contains(.forward) == change.breaks.contains(.backward), "\(change)\n\(found)")
        #expect(breaks.contains(.backward) == change.breaks.contains(.forward), "\(change)\n\(found)")
    }

    @Test("a harmless change is not reported", arguments: harmlessChanges.indices)
    func harmless(_ index: Int) throws {
        let found = try harmlessChanges[index].found()
        #expect(found.isEmpty, "\(harmlessChanges[index])\n\(found)")
    }

    /// Values of all kinds, most of them near the limits that the corpus uses.
    static let values: [JSONValue] = {
        let scalars: [JSONValue] = [
            nil, true, false, 0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11, -1, -4, -5, 1.5, 1.25, 0.5, "", "a", "b", "c", "ab", "abcd",
            "0198c7d0-5b7e-7c43-9f0e-2d1a4c6b8e10", "a@example.com", "2026-01-01", "2026-01-01T00:00:00Z", "x", "y",
            .array([]), .array(["a"]), .array([1]), .array([1.5]), .array(["a", "a"]), .array(["a", 1]), .object(JSONObject()),
            ["q": 1], ["q": 1, "r": "s"], ["c": "x"], ["v": 1], ["v": 1.5], ["k": "x", "v": "abc"], ["k": "y"], ["k": "x"],
            .array([["q": 1]]), .array([.object(JSONObject())]), .array([["q": 1, "r": "s"]]), ["l": [1.5]],
        ]
        var values = scalars
        for key in ["a", "b", "e", "n", "s", "l", "x1", "abcd"] { values += scalars.map { .object([(key, $0)]) } }
        values += scalars.prefix(24).flatMap { one in ["s", 1, nil].map { ["a": one, "b": $0] } }
        values += scalars.prefix(24).map { ["a": $0, "b": $0, "c": $0] }
        values += [["l": .array(Array(repeating: 1, count: 1_000))], .array([["l": [1.5]]]), ["l": [["l": [1.5]]]], ["l": [["l": [1]]]]]
        return values
    }()

    /// What is said to read old data must do so for every value that can be tried. Fails when any one of the rules that break one way
    /// is said to break the other, whatever the corpus says.
    @Test("what is not reported holds for real values", arguments: 0..<(breakingChanges.count + harmlessChanges.count))
    func sound(_ index: Int) throws {
        let change = (breakingChanges + harmlessChanges)[index]
        let (old, new) = (try JSONValue.parse(change.old), try JSONValue.parse(change.new))
        let options = JSONSchema.Options(assertsFormats: true)
        let before = try JSONSchema(compiling: old, options: options)
        let after = try JSONSchema(compiling: new, options: options)
        let breaks = try change.found().reduce(into: Directions()) { $0.formUnion($1.breaks) }
        for value in Self.values {
            let (fitted, fits) = (before.isValid(value), after.isValid(value))
            if fitted, !fits { #expect(breaks.contains(.backward), "\(change): \(value)") }
            if fits, !fitted { #expect(breaks.contains(.forward), "\(change): \(value)") }
        }
    }

    @Test("circles and choices in choices come to an end")
    func hostile() throws {
        let circle = try JSONValue.parse(##"{"$ref":"#/$defs/A","$defs":{"A":{"$ref":"#/$defs/B"},"B":{"$ref":"#/$defs/A"}}}"##)
        _ = SchemaComparison.changes(from: circle, to: true)
        var (left, right): (JSONValue, JSONValue) = (["type": "string"], ["type": "integer"])
        for level in 0..<40 {
            left = ["anyOf": [["maxLength": .number(JSONNumber(level))], left, ["minLength": 3]]]
            right = ["anyOf": [right, ["maximum": .number(JSONNumber(level))], ["maximum": 3]]]
        }
        #expect(SchemaComparison.changes(from: left, to: right).contains { !$0.breaks.isEmpty })
    }
}

extension JSONValue {
    fileprivate static func object(_ members: [(String, JSONValue)]) -> JSONValue {
        var object = JSONObject()
        for (key, value) in members { object[key] = value }
        return .object(object)
    }
}
