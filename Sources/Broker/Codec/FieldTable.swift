/// A field table: names with values, in the order in which they were sent (AMQP 0-9-1 section 4.2.5.5).
///
/// A name that occurs twice keeps its last value, as RabbitMQ's lookups do.
package struct FieldTable: Equatable, Sendable {
    package struct Field: Equatable, Sendable {
        package var name: String
        package var value: FieldValue

        package init(name: String, value: FieldValue) {
            self.name = name
            self.value = value
        }
    }

    package private(set) var fields: [Field] = []

    package init() {}

    package var isEmpty: Bool { fields.isEmpty }

    /// Adds a field behind the others, whether or not the name is taken: how tables are read from the wire.
    package mutating func append(_ name: String, _ value: FieldValue) { fields.append(Field(name: name, value: value)) }

    package subscript(name: String) -> FieldValue? {
        get { fields.last { $0.name == name }?.value }
        set {
            let index = fields.lastIndex { $0.name == name }
            switch (index, newValue) {
            case (let index?, let value?): fields[index].value = value
            case (nil, let value?): fields.append(Field(name: name, value: value))
            case (.some, nil): fields.removeAll { $0.name == name }
            case (nil, nil): break
            }
        }
    }
}

extension FieldTable: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, FieldValue)...) {
        for (name, value) in elements { self[name] = value }
    }
}
