/// A compiled schema: its subschemas in one flat list, in which they refer to one another by number. References are
/// resolved, so that circles among them hold no memory.
final class SchemaProgram: Sendable {
    let nodes: ContiguousArray<SchemaNode>
    /// The same subschemas, to be used without counting references: that would take a third of the time of a check. It is
    /// safe because `nodes` never changes and lives as long as these do, and who runs a program holds it.
    let links: ContiguousArray<Unmanaged<SchemaNode>>
    let root: NodeID
    let options: JSONSchema.Options
    /// Whether there is a `$dynamicRef` whose target depends on the way to it.
    let isDynamic: Bool
    /// By name of the anchor: the subschema that has it, in each resource.
    let dynamicAnchors: [[Int32: NodeID]]

    init(
        nodes: ContiguousArray<SchemaNode>, root: NodeID, options: JSONSchema.Options, isDynamic: Bool,
        dynamicAnchors: [[Int32: NodeID]]
    ) {
        self.nodes = nodes
        links = ContiguousArray(nodes.map(Unmanaged.passUnretained))
        self.root = root
        self.options = options
        self.isDynamic = isDynamic
        self.dynamicAnchors = dynamicAnchors
    }
}

/// The number of a subschema in its program.
struct NodeID: Hashable, Sendable {
    var index: Int32

    init(_ index: Int) { self.index = Int32(truncatingIfNeeded: index) }
}
