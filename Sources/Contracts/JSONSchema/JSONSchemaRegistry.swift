/// The documents that schemas may refer to, by URI. Nothing is ever fetched from elsewhere.
public struct JSONSchemaRegistry: Sendable {
    private var documents: [String: JSONValue] = [:]
    /// Where the document with a certain `$id` was found.
    private var places: [String: String] = [:]

    /// Makes a registry without documents; the meta-schemas of draft 2020-12 are known without one.
    public init() {}

    /// Adds a document; one that has the same URI is replaced. It is found by its own `$id`, too.
    ///
    /// - Parameters:
    ///   - document: a schema. It is checked when a schema refers to it.
    ///   - uri: an absolute URI; a fragment does not count.
    public mutating func add(_ document: JSONValue, at uri: String) {
        let place = SchemaURI(uri).withoutFragment
        documents[place.text] = document
        guard let id = document["$id"]?.stringValue else { return }
        places[place.resolving(SchemaURI(id)).withoutFragment.text] = place.text
    }

    /// The document of a URI, with the URI it was found at.
    func document(at uri: String) -> (value: JSONValue, uri: String)? {
        if let value = documents[uri] { return (value, uri) }
        if let place = places[uri], let value = documents[place] { return (value, place) }
        return MetaSchemas.document(at: uri).map { ($0, uri) }
    }
}
