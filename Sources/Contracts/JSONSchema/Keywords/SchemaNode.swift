/// One subschema, compiled. What it says about each kind of value stands apart, so that only what concerns a value is
/// looked at.
final class SchemaNode: Sendable {
    /// URI and pointer of the subschema.
    let location: String
    /// The number of the resource it belongs to.
    let resource: Int32
    /// The schema `false`.
    let isNever: Bool
    let types: TypeSet
    /// `enum` and `const`; a value must be in each.
    let choices: [ValueChoice]
    let number: NumberRules?
    let string: StringRules?
    let array: ArrayRules?
    let object: ObjectRules?
    let inPlace: InPlaceRules?
    let unevaluatedItems: NodeID?
    let unevaluatedProperties: NodeID?

    init(_ draft: NodeDraft, location: String, resource: Int) {
        self.location = location
        self.resource = Int32(truncatingIfNeeded: resource)
        isNever = draft.isNever
        types = draft.types
        choices = draft.choices
        number = draft.number.isEmpty ? nil : NumberRules(draft.number)
        string = draft.string.isEmpty ? nil : StringRules(draft.string)
        array = draft.array.isEmpty ? nil : ArrayRules(draft.array)
        object = draft.object.isEmpty ? nil : ObjectRules(draft.object)
        inPlace = draft.inPlace.isEmpty ? nil : InPlaceRules(draft.inPlace)
        unevaluatedItems = draft.unevaluatedItems
        unevaluatedProperties = draft.unevaluatedProperties
    }
}

/// What the keywords of one subschema say, while it is compiled.
struct NodeDraft {
    var isNever = false
    var types = TypeSet.all
    var choices: [ValueChoice] = []
    var number = NumberRules.Draft()
    var string = StringRules.Draft()
    var array = ArrayRules.Draft()
    var object = ObjectRules.Draft()
    var inPlace = InPlaceRules.Draft()
    var unevaluatedItems: NodeID?
    var unevaluatedProperties: NodeID?

    /// The target, when this is nothing but a reference.
    var soleReference: NodeID? {
        guard !isNever, types == .all, choices.isEmpty, number.isEmpty, string.isEmpty, array.isEmpty, object.isEmpty,
            unevaluatedItems == nil, unevaluatedProperties == nil
        else { return nil }
        return inPlace.soleReference
    }
}

/// Kinds of values, as `type` names them.
struct TypeSet: OptionSet, Sendable {
    let rawValue: UInt8
    static let null = TypeSet(rawValue: 1)
    static let boolean = TypeSet(rawValue: 2)
    static let integer = TypeSet(rawValue: 4)
    static let number = TypeSet(rawValue: 8)
    static let string = TypeSet(rawValue: 16)
    static let array = TypeSet(rawValue: 32)
    static let object = TypeSet(rawValue: 64)
    static let all = TypeSet(rawValue: 127)

    init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The type of a name; `number` has the integers.
    init?(name: String) {
        guard let entry = Self.names.first(where: { $0.name == name }) else { return nil }
        self = entry.type == .number ? [.number, .integer] : entry.type
    }

    private static let names: [(name: String, noun: String, type: TypeSet)] = [
        ("null", "null", .null), ("boolean", "a boolean", .boolean), ("number", "a number", .number),
        ("integer", "an integer", .integer), ("string", "a string", .string), ("array", "an array", .array),
        ("object", "an object", .object),
    ]

    /// `a string or null`
    var nouns: String {
        var nouns = Self.names.filter { contains($0.type) && !($0.type == .integer && contains(.number)) }.map(\.noun)
        guard let last = nouns.popLast() else { return "nothing" }
        return nouns.isEmpty ? last : nouns.joined(separator: ", ") + " or " + last
    }
}
