/// The place of a subschema: which document, and where in it.
struct SchemaPlace: Hashable {
    var document: Int
    var pointer: JSONPointer
}

/// A schema with a URI of its own: the root of a document, or a subschema with `$id`.
struct SchemaResource {
    var uri: SchemaURI
    var place: SchemaPlace
    var dialect: SchemaDialect
    var anchors: [String: SchemaPlace] = [:]
    var dynamicAnchors: [String: SchemaPlace] = [:]
}

/// All the documents that a schema consists of, with what identifies their parts. Documents are added when a reference
/// first names them.
struct SchemaDocuments {
    let registry: JSONSchemaRegistry
    let options: JSONSchema.Options
    private(set) var roots: [(uri: String, value: JSONValue)] = []
    private(set) var resources: [SchemaResource] = []
    private var resourceByURI: [String: Int] = [:]
    /// The resource that each known subschema belongs to.
    private var owner: [SchemaPlace: Int] = [:]
    private var dialects: [String: SchemaDialect] = [SchemaDialect.draft202012.metaSchema: .draft202012]
    /// Documents whose meta-schema has to be compiled to check them, innermost first.
    private(set) var unchecked: [Int] = []

    init(registry: JSONSchemaRegistry, options: JSONSchema.Options) {
        self.registry = registry
        self.options = options
    }

    // MARK: Adding

    /// Adds a document, unless it is there.
    /// - Returns: its root resource.
    @discardableResult
    mutating func add(_ value: JSONValue, at uri: SchemaURI) throws(JSONSchemaError) -> Int {
        let key = uri.withoutFragment
        if let known = resourceByURI[key.text] { return known }
        let document = roots.count
        roots.append((key.text, value))
        unchecked.append(document)
        let place = SchemaPlace(document: document, pointer: JSONPointer())
        let dialect = try dialect(of: value, default: .draft202012, at: place)
        let root = resources.count
        resources.append(SchemaResource(uri: key, place: place, dialect: dialect))
        resourceByURI[key.text] = root
        try walk(value, at: place, resource: root, depth: 0)
        return root
    }

    /// Forgets which documents are still to be checked, and tells them.
    mutating func takeUnchecked() -> [Int] {
        defer { unchecked = [] }
        return unchecked
    }

    /// Notes a subschema and everything in it that is known to be a subschema.
    private mutating func walk(
        _ value: JSONValue, at place: SchemaPlace, resource parent: Int, depth: Int
    ) throws(JSONSchemaError) {
        guard depth <= options.maximumSchemaDepth else {
            throw error(.limitExceeded, place, "the schema is nested deeper than \(options.maximumSchemaDepth)")
        }
        guard owner.count < options.maximumSubschemas else {
            throw error(.limitExceeded, place, "there are more than \(options.maximumSubschemas) subschemas")
        }
        guard owner[place] == nil else { return }
        guard case .object(let object) = value else {
            owner[place] = parent
            return
        }
        let resource = try identify(object, value, at: place, parent: parent)
        owner[place] = resource
        try noteAnchors(of: object, at: place, resource: resource)
        for (keyword, content) in object {
            guard let shape = SchemaKeyword.subschemas[keyword] else { continue }
            let below = SchemaPlace(document: place.document, pointer: place.pointer.appending(keyword))
            switch (shape, content) {
            case (.one, _):
                try walk(content, at: below, resource: resource, depth: depth + 1)
            case (.list, .array(let values)):
                for (index, value) in values.enumerated() {
                    try walk(value, at: below.appending(index), resource: resource, depth: depth + 2)
                }
            case (.map, .object(let members)):
                for (name, value) in members {
                    // `dependencies` may hold lists of names, which are no schemas.
                    if case .array = value { continue }
                    try walk(value, at: below.appending(name), resource: resource, depth: depth + 2)
                }
            default: break  // The meta-schema says what is wrong.
            }
        }
    }

    private mutating func identify(
        _ object: JSONObject, _ value: JSONValue, at place: SchemaPlace, parent: Int
    ) throws(JSONSchemaError) -> Int {
        guard let id = object["$id"]?.stringValue else { return parent }
        let uri = resources[parent].uri.resolving(SchemaURI(id))
        guard (uri.fragment ?? "").isEmpty else {
            throw error(.invalidIdentifier, place.appending("$id"), "$id must not have a fragment; use $anchor for one")
        }
        let key = uri.withoutFragment
        if place == resources[parent].place {
            resources[parent].uri = key
            try register(key, parent, place)
            return parent
        }
        let dialect = try dialect(of: value, default: resources[parent].dialect, at: place)
        resources.append(SchemaResource(uri: key, place: place, dialect: dialect))
        try register(key, resources.count - 1, place)
        return resources.count - 1
    }

    private mutating func register(_ uri: SchemaURI, _ resource: Int, _ place: SchemaPlace) throws(JSONSchemaError) {
        let known = resourceByURI.updateValue(resource, forKey: uri.text)
        guard known == nil || known == resource else {
            throw error(
                .invalidIdentifier, place.appending("$id"), "the URI \(uri.text) is that of another schema already")
        }
    }

    private mutating func noteAnchors(
        of object: JSONObject, at place: SchemaPlace, resource: Int
    ) throws(JSONSchemaError) {
        if let name = object["$anchor"]?.stringValue {
            guard resources[resource].anchors.updateValue(place, forKey: name) == nil else {
                throw error(.invalidIdentifier, place.appending("$anchor"), "the anchor \(name) is there twice")
            }
        }
        if let name = object["$dynamicAnchor"]?.stringValue {
            guard resources[resource].dynamicAnchors.updateValue(place, forKey: name) == nil else {
                throw error(.invalidIdentifier, place.appending("$dynamicAnchor"), "the anchor \(name) is there twice")
            }
        }
    }

    private mutating func dialect(
        of value: JSONValue, default inherited: SchemaDialect, at place: SchemaPlace
    ) throws(JSONSchemaError) -> SchemaDialect {
        guard let name = value["$schema"]?.stringValue else { return inherited }
        let uri = SchemaURI(name).withoutFragment.text
        if let known = dialects[uri] { return known }
        guard let document = registry.document(at: uri) else {
            throw error(
                .unknownDialect, place.appending("$schema"),
                "the meta-schema \(name) is not known; use https://json-schema.org/draft/2020-12/schema, or register it"
            )
        }
        let dialect = try SchemaDialect(metaSchema: uri, document: document.value)
        dialects[uri] = dialect
        return dialect
    }

    // MARK: Finding

    /// The subschema that a reference names.
    struct Target {
        var place: SchemaPlace
        var resource: Int
        var value: JSONValue
        /// The name, when the reference went by a `$dynamicAnchor`.
        var dynamicAnchor: String?
    }

    /// - Parameter place: that of the reference, for errors.
    mutating func resolve(
        _ reference: String, from resource: Int, at place: SchemaPlace
    ) throws(JSONSchemaError) -> Target {
        let uri = resources[resource].uri.resolving(SchemaURI(reference))
        let base = try self.resource(at: uri.withoutFragment, reference, place)
        guard let fragment = SchemaURI.percentDecoded(uri.fragment ?? "") else {
            throw error(.invalidIdentifier, place, "the fragment of \(reference) is not percent-encoded UTF-8")
        }
        if fragment.isEmpty { return try target(resources[base].place, JSONPointer(), reference, place) }
        if fragment.utf8.first == UInt8(ascii: "/") {
            guard let pointer = JSONPointer(fragment) else {
                throw error(.invalidIdentifier, place, "\(reference) has a fragment that is not a JSON pointer")
            }
            return try target(resources[base].place, pointer, reference, place)
        }
        let dynamic = resources[base].dynamicAnchors[fragment]
        guard let found = dynamic ?? resources[base].anchors[fragment] else {
            throw error(.unresolvedReference, place, "\(reference) names the anchor \(fragment), which is not there")
        }
        var target = try target(found, JSONPointer(), reference, place)
        if dynamic != nil { target.dynamicAnchor = fragment }
        return target
    }

    private mutating func resource(
        at uri: SchemaURI, _ reference: String, _ place: SchemaPlace
    ) throws(JSONSchemaError) -> Int {
        if let known = resourceByURI[uri.text] { return known }
        guard let document = registry.document(at: uri.text) else {
            throw error(
                .unresolvedReference, place, "\(reference) is the schema \(uri.text), which is not known; register it")
        }
        let root = try add(document.value, at: SchemaURI(document.uri))
        return resourceByURI[uri.text] ?? root
    }

    /// Follows a pointer from a resource's root. What it leads to is taken for a schema, even behind a keyword that is
    /// not known.
    private mutating func target(
        _ start: SchemaPlace, _ pointer: JSONPointer, _ reference: String, _ origin: SchemaPlace
    ) throws(JSONSchemaError) -> Target {
        var place = start
        var value = roots[start.document].value[start.pointer]
        var resource = owner[start] ?? 0
        for token in pointer.tokens {
            value = value?[JSONPointer().appending(token)]
            place = place.appending(token)
            resource = owner[place] ?? resource
        }
        guard let value else {
            throw error(.unresolvedReference, origin, "\(reference) points to a place that is not there")
        }
        if owner[place] == nil { try walk(value, at: place, resource: resource, depth: 0) }
        return Target(place: place, resource: owner[place] ?? resource, value: value)
    }

    /// The resource that a known subschema belongs to.
    func resource(of place: SchemaPlace, inside outer: Int) -> Int { owner[place] ?? outer }

    func error(_ code: JSONSchemaError.Code, _ place: SchemaPlace, _ message: String) -> JSONSchemaError {
        JSONSchemaError(code, in: roots[place.document].uri, at: place.pointer, message)
    }
}

extension SchemaPlace {
    func appending(_ key: String) -> SchemaPlace { SchemaPlace(document: document, pointer: pointer.appending(key)) }
    func appending(_ index: Int) -> SchemaPlace { SchemaPlace(document: document, pointer: pointer.appending(index)) }
}

/// Where keywords hold subschemas.
enum SchemaKeyword {
    enum Shape { case one, list, map }

    static let subschemas: [String: Shape] = [
        "not": .one, "if": .one, "then": .one, "else": .one, "items": .one, "contains": .one,
        "additionalProperties": .one, "propertyNames": .one, "unevaluatedItems": .one, "unevaluatedProperties": .one,
        "contentSchema": .one, "allOf": .list, "anyOf": .list, "oneOf": .list, "prefixItems": .list, "$defs": .map,
        "definitions": .map, "properties": .map, "patternProperties": .map, "dependentSchemas": .map,
        "dependencies": .map,
    ]
}
