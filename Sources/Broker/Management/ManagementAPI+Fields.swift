import Contracts

/// Reading the members of a request's body.
extension ManagementAPI {
    /// Names and routing keys have at most 255 bytes on the wire.
    static func shortString(_ text: String, _ what: String) throws -> String {
        guard text.utf8.count <= 255 else { throw ManagementFailure.badRequest("\(what) has at most 255 bytes") }
        return text
    }

    static func bool(_ name: String, of body: JSONObject, default value: Bool) throws -> Bool {
        switch body[name] {
        case nil, .null: return value
        case .bool(let value): return value
        case .string("true"): return true
        case .string("false"): return false
        default: throw ManagementFailure.badRequest("\(name) must be true or false")
        }
    }
}
