/// Keywords that apply subschemas to the value itself: `$ref`, `$dynamicRef`, `allOf`, `anyOf`, `oneOf`, `not`, `if`,
/// `dependentSchemas`.
final class InPlaceRules: Sendable {
    struct Draft {
        var all: [NodeID] = []
        var references: [NodeID] = []
        var dynamic: [DynamicReference] = []
        var any: [NodeID] = []
        var one: [NodeID] = []
        var not: NodeID?
        var condition: NodeID?
        var then: NodeID?
        var otherwise: NodeID?
        var dependent: [(name: String, schema: NodeID)] = []

        var isEmpty: Bool {
            all.isEmpty && references.isEmpty && dynamic.isEmpty && any.isEmpty && one.isEmpty && not == nil
                && condition == nil && dependent.isEmpty
        }

        var soleReference: NodeID? {
            guard references.count == 1, all.isEmpty, dynamic.isEmpty, any.isEmpty, one.isEmpty, not == nil,
                condition == nil, dependent.isEmpty
            else { return nil }
            return references[0]
        }

        /// Every subschema that may be applied to the same value.
        var targets: [NodeID] {
            all + references + dynamic.map(\.target) + any + one + [not, condition, then, otherwise].compactMap(\.self)
                + dependent.map(\.schema)
        }
    }

    /// A `$dynamicRef` that goes to the outermost resource on the way that has its anchor.
    struct DynamicReference: Sendable {
        /// Where it goes when it is an ordinary reference.
        var target: NodeID
        /// The number of the anchor; nil makes it an ordinary reference.
        var anchor: Int?
    }

    /// `$ref` and `allOf` together.
    let all: [NodeID]
    let dynamic: [DynamicReference]
    let any: [NodeID]
    let one: [NodeID]
    let not: NodeID?
    let condition: NodeID?
    let then: NodeID?
    let otherwise: NodeID?
    let dependent: [(name: String, schema: NodeID)]

    init(_ draft: Draft) {
        all = draft.references + draft.all
        dynamic = draft.dynamic
        any = draft.any
        one = draft.one
        not = draft.not
        condition = draft.condition
        then = draft.then
        otherwise = draft.otherwise
        dependent = draft.dependent
    }
}
