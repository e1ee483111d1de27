/// Names in Swift for names in contracts.
enum SwiftName {
    /// A property or an enum case: `orderId` is `orderID`, `unit_price` is `unitPrice`, `2xl` is `_2xl`.
    static func property(_ name: String) -> String {
        let words = words(name)
        guard let first = words.first else { return name.isEmpty ? "empty" : "value" }
        let text = first.lowercased() + words.dropFirst().map(capitalized).joined()
        return startsWithDigit(text) ? "_" + text : text
    }

    /// A type: `orderItem` and `order.item` are `OrderItem`.
    static func type(_ name: String) -> String {
        let text = words(name).map(capitalized).joined()
        if text.isEmpty { return "Value" }
        return startsWithDigit(text) ? "_" + text : text
    }

    /// An event: `order.created` is `OrderCreated`.
    static func event(_ type: String) -> String { self.type(type) }

    /// A command, the verb first: `stock.reserve` is `ReserveStock`.
    static func command(_ type: String) -> String {
        let words = type.split(separator: ".")
        return self.type((words.suffix(1) + words.dropLast()).joined(separator: "."))
    }

    /// The element of a collection: of `lines` it is `line`, of `entries` `entry`, of `stock` `stockItem`.
    static func singular(_ name: String) -> String {
        if let irregular = ["people": "person", "children": "child"][name] { return irregular }
        if name.hasSuffix("ies"), name.count > 3 { return name.dropLast(3) + "y" }
        for ending in ["sses", "xes", "ches", "shes"] where name.hasSuffix(ending) { return String(name.dropLast(2)) }
        if name.hasSuffix("s"), !name.hasSuffix("ss"), name.count > 1 { return String(name.dropLast()) }
        return name + "Item"
    }

    /// A name as it stands in source text.
    static func escaped(_ name: String) -> String { keywords.contains(name) ? "`\(name)`" : name }

    // MARK: Words

    /// Words that are written in capitals, by their small form.
    private static let acronyms: [String: String] = [
        "id": "ID", "ids": "IDs", "url": "URL", "urls": "URLs", "uri": "URI", "uris": "URIs", "uuid": "UUID",
        "uuids": "UUIDs", "http": "HTTP", "https": "HTTPS", "json": "JSON", "html": "HTML", "xml": "XML", "api": "API",
        "ip": "IP",
    ]

    private static func capitalized(_ word: String) -> String {
        acronyms[word.lowercased()] ?? word.prefix(1).uppercased() + word.dropFirst()
    }

    private static func startsWithDigit(_ text: String) -> Bool { text.unicodeScalars.first.map { !$0.properties.isXIDStart } ?? false }

    /// Splits at everything that cannot be in a name, and where a capital follows a small letter.
    private static func words(_ name: String) -> [String] {
        var words: [String] = []
        var word = ""
        let scalars = Array(name.unicodeScalars)
        for (index, scalar) in scalars.enumerated() {
            guard scalar.properties.isXIDContinue, scalar != "_" else {
                if !word.isEmpty { words.append(word) }
                word = ""
                continue
            }
            let previous = index > 0 ? scalars[index - 1] : nil
            let next = index + 1 < scalars.count ? scalars[index + 1] : nil
            let isUpper = scalar.properties.isUppercase
            let afterSmall = previous.map { !$0.properties.isUppercase } ?? false
            let beforeSmall = next.map { $0.properties.isLowercase } ?? false
            // The `s` of `IDs` belongs to the capitals.
            let isPlural = next == "s" && !(index + 2 < scalars.count && scalars[index + 2].properties.isLowercase)
            if isUpper, !word.isEmpty, afterSmall || (beforeSmall && !isPlural) {
                words.append(word)
                word = ""
            }
            word.unicodeScalars.append(scalar)
        }
        if !word.isEmpty { words.append(word) }
        return words
    }

    /// Words that must stand in back quotes where a name is meant.
    private static let keywords: Set<String> = [
        "Any", "Self", "as", "associatedtype", "break", "case", "catch", "class", "continue", "default", "defer", "deinit",
        "do", "else", "enum", "extension", "fallthrough", "false", "fileprivate", "for", "func", "guard", "if", "import",
        "in", "init", "inout", "internal", "is", "let", "nil", "operator", "precedencegroup", "private", "protocol",
        "public", "repeat", "rethrows", "return", "self", "static", "struct", "subscript", "super", "switch", "throw",
        "throws", "true", "try", "typealias", "var", "where", "while",
    ]

    /// Names of members that mean something else in Swift, even in back quotes.
    static let takenMembers: Set<String> = ["self", "init", "hashValue", "allCases", "Type", "Protocol"]

    /// Names of types that generated code uses.
    static let takenTypes: Set<String> = [
        "Any", "Array", "Bool", "CaseIterable", "Codable", "CodingKey", "CodingKeys", "Command", "Contracts", "Date",
        "Decodable", "Decoder", "Dictionary", "Double", "Encodable", "Encoder", "Equatable", "Error", "Event", "Hashable",
        "Int", "JSONValue", "Message", "MessageCatalog", "MessageSchema", "Never", "Optional", "Protocol", "Self",
        "Sendable", "Set", "StaticString", "String", "Type", "UUID", "Void",
    ]
}
