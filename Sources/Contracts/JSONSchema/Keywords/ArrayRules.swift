/// `prefixItems`, `items`, `contains`, `minContains`, `maxContains`, `minItems`, `maxItems`, `uniqueItems`.
final class ArrayRules: Sendable {
    struct Draft {
        var prefix: [NodeID] = []
        var items: NodeID?
        var contains: NodeID?
        var minimumContains: Int?
        var maximumContains: Int?
        var minimumCount = 0
        var maximumCount = Int.max
        var isUnique = false

        var isEmpty: Bool {
            prefix.isEmpty && items == nil && contains == nil && minimumCount == 0 && maximumCount == .max && !isUnique
        }
    }

    let prefix: [NodeID]
    /// For the elements after those of the prefix.
    let items: NodeID?
    let contains: NodeID?
    let containsCount: ClosedRange<Int>
    let containsKeyword: StaticString
    let minimumCount: Int
    let maximumCount: Int
    let isUnique: Bool

    init(_ draft: Draft) {
        prefix = draft.prefix
        items = draft.items
        contains = draft.contains
        let minimum = draft.minimumContains ?? 1
        // A maximum below the minimum cannot be met; `containsCount` is then above any count.
        let maximum = draft.maximumContains ?? .max
        containsCount = minimum <= maximum ? minimum...maximum : Int.max...Int.max
        containsKeyword = draft.minimumContains == nil ? "contains" : "minContains"
        minimumCount = draft.minimumCount
        maximumCount = draft.maximumCount
        isUnique = draft.isUnique
    }
}
