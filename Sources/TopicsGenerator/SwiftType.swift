/// A type in generated code, without whether it is optional.
indirect enum SwiftType: Hashable {
    case string, int, double, bool, uuid, date
    /// Any JSON: what no type says better.
    case json
    case array(SwiftType)
    /// Values by name.
    case map(SwiftType)
    /// A type in the struct that the property is in.
    case nested(String)
    /// A type for one of the `$defs`.
    case definition(String)
}

/// A type in generated code.
enum Declaration: Hashable {
    case structure(Structure)
    case enumeration(Enumeration)

    var name: String {
        switch self {
        case .structure(let structure): structure.name
        case .enumeration(let enumeration): enumeration.name
        }
    }

    /// The same without words for people: two that are equal are the same type.
    var undocumented: Declaration {
        switch self {
        case .enumeration(var enumeration):
            enumeration.documentation = []
            return .enumeration(enumeration)
        case .structure(var structure):
            structure.documentation = []
            structure.nested = structure.nested.map(\.undocumented)
            structure.properties = structure.properties.map {
                var property = $0
                property.documentation = []
                return property
            }
            return .structure(structure)
        }
    }
}

/// An enum of texts.
struct Enumeration: Hashable {
    var name: String
    var documentation: [String]
    var cases: [Case]

    struct Case: Hashable {
        var name: String
        var text: String
    }
}

/// A struct.
struct Structure: Hashable {
    var name: String
    var documentation: [String]
    var properties: [Property] = []
    var nested: [Declaration] = []
    /// What it is when it is a message.
    var message: MessagePart?

    struct Property: Hashable {
        var name: String
        /// The name in JSON.
        var key: String
        var type: SwiftType
        var isRequired: Bool
        /// Whether null may stand for it.
        var isNullable: Bool
        /// What the initialiser takes when it is not given, in source text.
        var initial: String?
        var documentation: [String]

        var isOptional: Bool { !isRequired || isNullable }
    }

    struct MessagePart: Hashable {
        var isEvent: Bool
        var type: String
        var version: Int
        var topic: String
        /// The partition key, in source text; nil when a property of that name is it.
        var partitionKey: String?
        /// The property whose value it is, in JSON.
        var partitionKeyName: String
        var deprecation: String?
    }
}
