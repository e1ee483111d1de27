import Contracts
import Yams

/// Walks over YAML and collects what is wrong, each with its line and column.
struct YAMLReader {
    let path: String
    private(set) var problems: [ContractFileError.Problem] = []
    /// Nodes hold their anchors weakly; the parser keeps them alive.
    private var parser: Parser?

    init(path: String) { self.path = path }

    var fileName: Substring { path.split(separator: "/").last ?? "" }

    /// A member of a mapping.
    struct Pair {
        var key: String
        var keyNode: Node
        var value: Node
    }

    // MARK: Problems

    mutating func note(_ message: String, at node: Node) { note(message, at: location(node)) }

    mutating func note(_ message: String, at location: SourceLocation) {
        let problem = ContractFileError.Problem(location: location, message: message)
        // A node can be looked at twice, for its form and for its value.
        if !problems.contains(problem) { problems.append(problem) }
    }

    func location(_ node: Node) -> SourceLocation { location(node.mark) }

    private func location(_ mark: Mark?) -> SourceLocation {
        SourceLocation(file: path, line: mark?.line ?? 1, column: mark?.column ?? 1)
    }

    // MARK: YAML

    /// Where the parts of a value stand.
    /// - Parameter keyNode: where the value itself is said to stand.
    func places(of node: Node, at keyNode: Node) -> SourcePlaces {
        var places = SourcePlaces(root: location(keyNode))
        func add(_ node: Node, _ pointer: JSONPointer) {
            switch node {
            case .mapping(let mapping):
                for (key, value) in mapping {
                    let pointer = pointer.appending(key.scalar?.string ?? "")
                    places.add(pointer, at: location(key))
                    add(value, pointer)
                }
            case .sequence(let sequence):
                for (index, value) in sequence.enumerated() {
                    let pointer = pointer.appending(index)
                    places.add(pointer, at: location(value))
                    add(value, pointer)
                }
            default: break
            }
        }
        add(node, JSONPointer())
        return places
    }

    private static let resolver = Resolver.default.removing(.timestamp).removing(.merge).removing(.value)

    mutating func compose(_ text: String) -> Node? {
        guard checkSize(text) else { return nil }
        do {
            // JSON has no times, so that `2026-01-01` is text.
            let parser = try Parser(yaml: text, resolver: Self.resolver)
            self.parser = parser
            if let root = try parser.singleRoot() { return root }
            note("the file is empty", at: location(nil as Mark?))
        } catch let error as YamlError {
            let (message, mark) = Self.explain(error)
            if let tab = Self.indentingTab(in: text) {
                note("a tab; YAML is indented with spaces", at: SourceLocation(file: path, line: tab.line, column: tab.column))
            } else {
                note(message, at: location(mark))
            }
        } catch {
            note("not YAML: \(error)", at: location(nil as Mark?))
        }
        return nil
    }

    /// Keeps what is read small enough for a parser that calls itself for each level.
    private mutating func checkSize(_ text: String) -> Bool {
        let limit = (bytes: 4 << 20, depth: 200)
        if text.utf8.count > limit.bytes {
            note("the file is larger than 4 MiB", at: location(nil as Mark?))
            return false
        }
        var (line, depth, indent) = (1, 0, 0 as Int?)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\n"):
                line += 1
                indent = 0
            case UInt8(ascii: " "), UInt8(ascii: "-"), UInt8(ascii: "?"), UInt8(ascii: ":"): indent = indent.map { $0 + 1 }
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                depth += 1
                indent = nil
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                depth = max(0, depth - 1)
                indent = nil
            default: indent = nil
            }
            if depth > limit.depth || (indent ?? 0) > 2 * limit.depth {
                note("this is nested too deep", at: SourceLocation(file: path, line: line, column: 1))
                return false
            }
        }
        return true
    }

    /// The first tab in an indentation: the parser's own message does not say that it is one.
    private static func indentingTab(in text: String) -> (line: Int, column: Int)? {
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let indentation = line.prefix { $0 == " " || $0 == "\t" }
            guard indentation.count < line.count, let tab = indentation.firstIndex(of: "\t") else { continue }
            return (index + 1, indentation.distance(from: indentation.startIndex, to: tab) + 1)
        }
        return nil
    }

    private static func explain(_ error: YamlError) -> (String, Mark?) {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            ("not YAML: " + (context.map { "\($0.text), " } ?? "") + problem, mark)
        case .duplicatedKeysInMapping(let duplicates, let context):
            ("\(duplicates.sorted().map { "\"\($0)\"" }.joined(separator: ", ")) is there twice", context.mark)
        case .reader(let problem, _, _, _): ("not YAML: \(problem)", nil)
        default: ("not YAML: \(error)", nil)
        }
    }

    /// The members of a mapping, each name once.
    mutating func pairs(_ node: Node, of what: String) -> [Pair]? {
        guard isPlain(node) else { return nil }
        guard case .mapping(let mapping) = node else {
            note("\(what) must be a mapping", at: node)
            return nil
        }
        var seen: Set<String> = []
        return mapping.compactMap { (key, value) -> Pair? in
            guard case .scalar(let scalar) = key, isPlain(key) else {
                note("a name must be a word", at: key)
                return nil
            }
            guard seen.insert(scalar.string).inserted else {
                note("\"\(scalar.string)\" is there twice", at: key)
                return nil
            }
            return Pair(key: scalar.string, keyNode: key, value: value)
        }
    }

    /// The members of a mapping that has a fixed vocabulary.
    mutating func mapping(_ node: Node, of what: String, words: [String]) -> [String: Node]? {
        guard let pairs = pairs(node, of: what) else { return nil }
        var fields: [String: Node] = [:]
        for pair in pairs {
            if words.contains(pair.key) {
                fields[pair.key] = pair.value
            } else {
                note("\"\(pair.key)\" is not a word of \(what)" + suggestion(for: pair.key, among: words), at: pair.keyNode)
            }
        }
        return fields
    }

    /// `; did you mean "version"?`, or the words that there are.
    func suggestion(for word: String, among words: [String]) -> String {
        if let near = Spelling.nearest(to: word, among: words) { return "; did you mean \"\(near)\"?" }
        return words.count <= 12 ? "; there are \(words.joined(separator: ", "))" : ""
    }

    /// Anchors and aliases would let one line stand for a million, and `$defs` does what they do.
    mutating func isPlain(_ node: Node) -> Bool {
        let anchor: Anchor? =
            switch node {
            case .scalar(let scalar): scalar.anchor
            case .mapping(let mapping): mapping.anchor
            case .sequence(let sequence): sequence.anchor
            case .alias(let alias): alias.anchor
            }
        guard anchor != nil else { return true }
        note("anchors and aliases are not taken here; use $defs", at: node)
        return false
    }

    // MARK: Text

    /// Text that must be there and say something.
    mutating func text(_ fields: [String: Node], _ key: String, at parent: Node) -> String? {
        guard let node = fields[key] else {
            note("\"\(key)\" is missing", at: parent)
            return nil
        }
        guard let value = json(node) else { return nil }
        let text = value.stringValue.map { String($0.drop(while: \.isWhitespace)) } ?? ""
        guard !text.isEmpty else {
            note("\"\(key)\" must be text", at: node)
            return nil
        }
        return text.last == "\n" ? String(text.dropLast()) : text
    }

    /// Text that is a name.
    mutating func name(
        _ fields: [String: Node], _ key: String, at parent: Node, like example: String, _ isName: (String) -> Bool
    ) -> String? {
        guard let text = text(fields, key, at: parent) else { return nil }
        guard isName(text) else {
            note("\"\(text)\" is not a name for \(key); they look like \"\(example)\"", at: fields[key] ?? parent)
            return nil
        }
        return text
    }
}

/// The forms of names.
extension YAMLReader {
    private static func isLower(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "a") < 26 }
    private static func isUpper(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "A") < 26 }
    private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

    /// Two lower-case words or more, joined by dots. At most 120 bytes: an AMQP name has 255, and queues add to it.
    static func isDotted(_ text: String) -> Bool {
        let words = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return words.count >= 2 && text.utf8.count <= 120
            && words.allSatisfy { $0.first.map(isLower) == true && $0.allSatisfy { isLower($0) || isDigit($0) } }
    }

    /// A lower-case word or several, joined by hyphens.
    static func isWorkerName(_ text: String) -> Bool {
        let words = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        return text.utf8.first.map(isLower) == true && text.utf8.count <= 63
            && words.allSatisfy { !$0.isEmpty && $0.allSatisfy { isLower($0) || isDigit($0) } }
    }

    /// Camel case that starts small.
    static func isPropertyName(_ text: String) -> Bool {
        text.utf8.first.map(isLower) == true && text.utf8.allSatisfy { isLower($0) || isUpper($0) || isDigit($0) }
    }

    /// Camel case that starts big.
    static func isDefinitionName(_ text: String) -> Bool {
        text.utf8.first.map(isUpper) == true && text.utf8.allSatisfy { isLower($0) || isUpper($0) || isDigit($0) }
    }
}
