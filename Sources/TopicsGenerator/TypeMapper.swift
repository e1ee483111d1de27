import ContractFiles
import Contracts

/// Finds the Swift type for each schema of one contract file.
struct TypeMapper {
    let file: TopicFile
    private let definitions: [String: TopicFile.Definition]
    private(set) var problems: [ContractFileError.Problem] = []
    /// The definitions that are being looked through, to see circles.
    private var open: [String] = []

    init(file: TopicFile) {
        self.file = file
        definitions = Dictionary(file.definitions.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// A schema and where it stands.
    struct Place {
        var places: SourcePlaces
        var pointer = JSONPointer()

        var location: SourceLocation { places[pointer] }

        func at(_ tokens: String...) -> Place {
            Place(places: places, pointer: tokens.reduce(pointer) { $0.appending($1) })
        }
    }

    /// What a schema is in Swift.
    struct Mapped {
        var type: SwiftType
        var isNullable = false
        /// What a reader must know, because the type does not say it.
        var remark: String?
        /// The one value that there is, in source text.
        var initial: String?
    }

    mutating func note(_ message: String, at location: SourceLocation) {
        problems.append(.init(location: location, message: message))
    }

    // MARK: Definitions

    /// The type for a definition; nil when it is no type of its own but a text, a number or a list.
    mutating func declaration(of definition: TopicFile.Definition) -> Declaration? {
        let place = Place(places: definition.places)
        if let values = Self.texts(definition.schema) {
            return .enumeration(
                enumeration(definition.name, values, documentation: Self.lines(of: definition.schema["description"])))
        }
        guard Self.isStructure(definition.schema) else { return nil }
        return .structure(structure(definition.name, definition.schema, place))
    }

    private func isDeclared(_ name: String) -> Bool {
        guard let schema = definitions[name]?.schema else { return false }
        return Self.texts(schema) != nil || Self.isStructure(schema)
    }

    // MARK: Structs

    /// The struct for an object with properties.
    mutating func structure(_ name: String, _ schema: JSONValue, _ place: Place) -> Structure {
        var result = Structure(name: name, documentation: Self.lines(of: schema["description"]))
        let required = Set((schema["required"]?.arrayValue ?? []).compactMap(\.stringValue))
        var names: [String: String] = [:]
        for (key, value) in schema["properties"]?.objectValue ?? JSONObject() {
            let own = place.at("properties", key)
            var swiftName = SwiftName.property(key)
            if SwiftName.takenMembers.contains(swiftName) { swiftName += "_" }
            if let other = names.updateValue(key, forKey: swiftName) {
                note("\"\(key)\" and \"\(other)\" would both be named \(swiftName) in Swift; rename one", at: own.location)
                continue
            }
            let mapped = type(of: value, own, named: key, in: &result.nested)
            result.properties.append(
                .init(
                    name: swiftName, key: key, type: mapped.type, isRequired: required.contains(key), isNullable: mapped.isNullable,
                    initial: required.contains(key) && !mapped.isNullable ? mapped.initial : nil,
                    documentation: documentation(of: value, key: key, mapped)))
        }
        return result
    }

    private func documentation(of schema: JSONValue, key: String, _ mapped: Mapped) -> [String] {
        let resolved = schema["$ref"]?.stringValue.flatMap { definitions[String($0.dropFirst("#/$defs/".count))]?.schema }
        var lines = Self.lines(of: schema["description"] ?? schema["title"] ?? resolved?["description"])
        lines += Constraints.sentences(of: schema)
        if let resolved { lines += Constraints.sentences(of: resolved) }
        if let remark = mapped.remark { lines.append(remark) }
        return lines.isEmpty ? ["`\(key)`."] : lines
    }

    // MARK: Types

    /// The type for a schema; types that it needs go into `nested`.
    mutating func type(
        of schema: JSONValue, _ place: Place, named name: String, in nested: inout [Declaration]
    ) -> Mapped {
        guard case .object(let object) = schema else { return Mapped(type: .json, remark: "Any JSON.") }
        if let target = schema["$ref"]?.stringValue {
            return reference(String(target.dropFirst("#/$defs/".count)), named: name, in: &nested)
        }
        for word in ["allOf", "anyOf", "oneOf"] {
            guard let parts = schema[word]?.arrayValue else { continue }
            return combined(parts, word, place, named: name, in: &nested)
        }
        if let mapped = fixed(schema, named: name, in: &nested) { return mapped }
        var types = Set((schema["type"]?.arrayValue ?? [schema["type"] ?? .null]).compactMap(\.stringValue))
        let isNullable = types.remove("null") != nil
        if types.isEmpty, object["properties"] != nil { types = ["object"] }
        if types == ["integer", "number"] { types = ["number"] }
        guard types.count == 1, let type = types.first else {
            return Mapped(type: .json, isNullable: false, remark: types.isEmpty ? "Any JSON." : "One of several types of JSON.")
        }
        var mapped = single(type, schema, place, named: name, in: &nested)
        mapped.isNullable = isNullable && mapped.type != .json
        return mapped
    }

    private mutating func single(
        _ type: String, _ schema: JSONValue, _ place: Place, named name: String, in nested: inout [Declaration]
    ) -> Mapped {
        switch type {
        case "string":
            switch schema["format"]?.stringValue {
            case "uuid": Mapped(type: .uuid)
            case "date-time": Mapped(type: .date)
            default: Mapped(type: .string)
            }
        case "integer": Mapped(type: .int)
        case "number": Mapped(type: .double)
        case "boolean": Mapped(type: .bool)
        case "array": array(schema, place, named: name, in: &nested)
        case "object": object(schema, place, named: name, in: &nested)
        default: Mapped(type: .json, remark: "Any JSON.")
        }
    }

    private mutating func reference(_ name: String, named property: String, in nested: inout [Declaration]) -> Mapped {
        if isDeclared(name) {
            let hasNull = definitions[name]?.schema["enum"]?.arrayValue?.contains { $0.isNull } ?? false
            return Mapped(type: .definition(name), isNullable: hasNull)
        }
        guard let definition = definitions[name], !open.contains(name) else {
            return Mapped(type: .json, remark: "Any JSON: `\(name)` refers to itself.")
        }
        open.append(name)
        defer { open.removeLast() }
        return type(of: definition.schema, Place(places: definition.places), named: property, in: &nested)
    }

    /// `allOf` with one schema is that schema; one of a schema and null is an optional.
    private mutating func combined(
        _ parts: [JSONValue], _ word: String, _ place: Place, named name: String, in nested: inout [Declaration]
    ) -> Mapped {
        let kept = parts.enumerated().filter { word == "allOf" || ($1 != ["type": "null"] && $1 != ["const": nil]) }
        guard kept.count == 1, let only = kept.first else {
            return Mapped(type: .json, remark: "JSON that the contract describes with `\(word)`.")
        }
        var mapped = type(of: only.element, place.at(word, "\(only.offset)"), named: name, in: &nested)
        if kept.count < parts.count, mapped.type != .json { mapped.isNullable = true }
        return mapped
    }

    /// Values that are listed.
    private mutating func fixed(_ schema: JSONValue, named name: String, in nested: inout [Declaration]) -> Mapped? {
        guard let values = schema["enum"]?.arrayValue ?? schema["const"].map({ [$0] }), !values.isEmpty else { return nil }
        let kept = values.filter { !$0.isNull }
        let isNullable = kept.count < values.count
        if let texts = Self.texts(schema) {
            let type = enumeration(free(SwiftName.type(name), nested), texts, documentation: ["The values of `\(name)`."])
            nested.append(.enumeration(type))
            let initial = texts.count == 1 && !isNullable ? type.cases.first.map { ".\(SwiftName.escaped($0.name))" } : nil
            return Mapped(type: .nested(type.name), isNullable: isNullable, initial: initial)
        }
        let list = "One of " + values.map { "`\($0)`" }.joined(separator: ", ") + "."
        if kept.isEmpty { return Mapped(type: .json, remark: "Always null.") }
        if kept.allSatisfy({ $0.boolValue != nil }) { return Mapped(type: .bool, isNullable: isNullable, remark: list) }
        if kept.allSatisfy({ $0.intValue != nil }) { return Mapped(type: .int, isNullable: isNullable, remark: list) }
        if kept.allSatisfy({ $0.doubleValue != nil }) { return Mapped(type: .double, isNullable: isNullable, remark: list) }
        return Mapped(type: .json, remark: list)
    }

    private mutating func array(
        _ schema: JSONValue, _ place: Place, named name: String, in nested: inout [Declaration]
    ) -> Mapped {
        guard let items = schema["items"], items.objectValue != nil, schema["prefixItems"] == nil else {
            return Mapped(type: .array(.json))
        }
        let element = type(of: items, place.at("items"), named: SwiftName.singular(name), in: &nested)
        // A list with nulls in it is rare enough to be taken as it is.
        return Mapped(type: .array(element.isNullable ? .json : element.type), remark: element.remark)
    }

    private mutating func object(
        _ schema: JSONValue, _ place: Place, named name: String, in nested: inout [Declaration]
    ) -> Mapped {
        if Self.isStructure(schema) {
            let structure = structure(free(SwiftName.type(name), nested), schema, place)
            nested.append(.structure(structure))
            return Mapped(type: .nested(structure.name))
        }
        let patterns = schema["patternProperties"]?.objectValue ?? JSONObject()
        let others = schema["additionalProperties"]
        guard schema["properties"]?.objectValue?.isEmpty != false, patterns.isEmpty || (patterns.count == 1 && others == false) else {
            return Mapped(type: .json, remark: "An object whose members have no fixed names.")
        }
        if let pattern = patterns.first {
            let pointer = place.at("patternProperties", pattern.key)
            return map(of: pattern.value, pointer, named: name, remark: "Names match `\(pattern.key)`.", in: &nested)
        }
        return map(of: others ?? true, place.at("additionalProperties"), named: name, remark: nil, in: &nested)
    }

    private mutating func map(
        of schema: JSONValue, _ place: Place, named name: String, remark: String?, in nested: inout [Declaration]
    ) -> Mapped {
        let value = type(of: schema, place, named: SwiftName.singular(name), in: &nested)
        return Mapped(type: .map(value.isNullable ? .json : value.type), remark: remark ?? (value.type == .json ? nil : value.remark))
    }

    // MARK: Names and texts

    /// A name for a nested type that no other has.
    private func free(_ name: String, _ nested: [Declaration]) -> String {
        var name = SwiftName.takenTypes.contains(name) ? name + "Value" : name
        while nested.contains(where: { $0.name == name }) { name += "Value" }
        return name
    }

    private func enumeration(_ name: String, _ values: [String], documentation: [String]) -> Enumeration {
        var used: Set<String> = []
        let cases = values.map { text in
            let base = SwiftName.property(text) + (SwiftName.takenMembers.contains(SwiftName.property(text)) ? "_" : "")
            var (name, number) = (base, 2)
            while !used.insert(name).inserted {
                name = "\(base)\(number)"
                number += 1
            }
            return Enumeration.Case(name: name, text: text)
        }
        return Enumeration(name: name, documentation: documentation, cases: cases)
    }

    /// The texts of an enumeration; nil when there are other values than text (and null).
    private static func texts(_ schema: JSONValue) -> [String]? {
        guard let values = schema["enum"]?.arrayValue ?? schema["const"].map({ [$0] }) else { return nil }
        let texts = values.filter { !$0.isNull }.map(\.stringValue)
        guard !texts.isEmpty, texts.allSatisfy({ $0 != nil }) else { return nil }
        return texts.compactMap { $0 }
    }

    /// Whether an object has named properties and no others with a schema of their own, or is empty for good.
    private static func isStructure(_ schema: JSONValue) -> Bool {
        guard schema["type"] == "object" || (schema["type"] == nil && schema["properties"] != nil) else { return false }
        guard schema["patternProperties"] == nil, schema["$ref"] == nil else { return false }
        guard !["allOf", "anyOf", "oneOf"].contains(where: { schema[$0] != nil }) else { return false }
        let hasProperties = schema["properties"]?.objectValue?.isEmpty == false
        return schema["additionalProperties"]?.objectValue == nil && (hasProperties || schema["additionalProperties"] == false)
    }

    static func lines(of text: JSONValue?) -> [String] {
        (text?.stringValue ?? "").split(whereSeparator: \.isNewline).map { String($0.drop(while: \.isWhitespace)) }
    }
}
