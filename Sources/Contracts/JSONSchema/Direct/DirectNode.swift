/// What one subschema asks of a value, as plain numbers: looking at it counts no references.
struct DirectNode {
    /// The kinds of values that are allowed.
    var types = TypeSet.all
    /// The kinds of values that are checked as trees: what is asked of them is more than stands here.
    var trees: TypeSet = []

    /// The allowed texts, in the list of all texts; -1 when any is.
    var firstChoice: Int32 = -1
    var choiceCount: Int32 = 0
    /// In code points.
    var minimumLength = 0
    var maximumLength = Int.max
    var format: StringFormat?
    /// In the list of all patterns; -1 when there is none.
    var pattern: Int32 = -1

    /// Whole numbers from the least to the most fit; what becomes of others is decided as a tree when they are bounded.
    var leastNumber = Int.min
    var mostNumber = Int.max
    var isBounded = false

    /// The subschema of the elements.
    var items: Int32 = 0
    var minimumCount = 0
    var maximumCount = Int.max

    /// The members, in the list of all properties.
    var firstProperty: Int32 = 0
    var propertyCount: Int32 = 0
    /// By number of the property.
    var required: UInt64 = 0
    var minimumMembers = 0
    var maximumMembers = Int.max

    /// Whether nothing is asked of a text but that it is one.
    var takesAnyText = true
}

/// A member that an object may have.
struct DirectProperty {
    /// Its name, in the bytes of all names.
    var name: Range<Int>
    /// The subschema of its value.
    var node: Int32
}
