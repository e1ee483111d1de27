import Contracts
import Yams

extension YAMLReader {
    /// YAML as JSON. Numbers keep their text; what JSON does not have is refused.
    mutating func json(_ node: Node) -> JSONValue? {
        guard isPlain(node) else { return nil }
        switch node {
        case .scalar(let scalar): return json(scalar, at: node)
        case .sequence(let sequence):
            let values = sequence.map { json($0) }
            return values.contains { $0 == nil } ? nil : .array(values.compactMap { $0 })
        case .mapping:
            guard let pairs = pairs(node, of: "an object") else { return nil }
            var object = JSONObject()
            for pair in pairs {
                guard let value = json(pair.value) else { return nil }
                object[pair.key] = value
            }
            return .object(object)
        case .alias: return nil
        }
    }

    private mutating func json(_ scalar: Node.Scalar, at node: Node) -> JSONValue? {
        // Quoted text is text, whatever it looks like.
        guard scalar.style == .plain || scalar.style == .any else { return .string(scalar.string) }
        switch node.tag {
        case Tag(.null): return .null
        case Tag(.bool):
            if scalar.string == "true" { return true }
            if scalar.string == "false" { return false }
            note("write true or false, or put \"\(scalar.string)\" into quotes", at: node)
            return nil
        case Tag(.int), Tag(.float):
            if let number = JSONNumber(scalar.string) { return .number(number) }
            note("\(scalar.string) is not a number in JSON; write it in decimal, or put it into quotes", at: node)
            return nil
        default: return .string(scalar.string)
        }
    }
}
