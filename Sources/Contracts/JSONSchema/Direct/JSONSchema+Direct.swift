extension JSONSchema {
    /// What is known of a document that was looked at as bytes.
    package struct Sight {
        /// Where the value of the wanted member stands; nil when the document has none.
        package var wanted: Range<Int>?
    }

    /// The number of a member of the whole document, for ``atSight(_:limits:wanted:)``; nil when the schema does not know it, or
    /// looks at trees only.
    package func memberNumber(_ name: String) -> Int? { direct?.property(name) }

    /// Reads a document and checks it in one go, without building values.
    ///
    /// - Parameter wanted: the member of the whole document whose place is of interest, by ``memberNumber(_:)``.
    /// - Returns: nil when this is not known, or not this way: then ``validate(bytes:limits:)`` tells. Otherwise the bytes are one
    ///   document that fits, whose numbers are all within the range of a double.
    package func atSight(
        _ bytes: UnsafeBufferPointer<UInt8>, limits: JSONLimits = JSONLimits(), wanted: Int? = nil
    ) -> Sight? {
        guard let direct else { return nil }
        return direct.nodes.withUnsafeBufferPointer { nodes in
            direct.properties.withUnsafeBufferPointer { properties in
                direct.bytes.withUnsafeBufferPointer { names in
                    do throws(JSONError) {
                        var check = DirectCheck(
                            direct: direct, nodes: nodes, properties: properties, names: names,
                            scanner: try JSONScanner(bytes, limits: limits), budget: direct.program.options.maximumSteps,
                            wanted: wanted ?? -1)
                        return try check.run() ? Sight(wanted: check.found) : nil
                    } catch {
                        return nil
                    }
                }
            }
        }
    }
}
