import Contracts
import NIOHTTP1

/// A request to the management API, with its path taken apart.
struct ManagementRequest {
    var method: HTTPMethod
    /// The parts of the path, decoded, none of them empty; a slash at its end begins none.
    var path: [String]
    /// The parts that a route's pattern has names for.
    var parameters: [String: String] = [:]
    var query: [String: String]
    var headers: HTTPHeaders
    var body: [UInt8]
    var user: AuthenticatedUser
    /// Whether the peer is on this machine.
    var isFromLoopback: Bool

    /// - Throws: 400 when the target cannot be decoded, 404 when a part of its path is empty: nothing has such a name, and to declare
    ///   it would leave the name to the broker.
    init(
        method: HTTPMethod, target: String, headers: HTTPHeaders, body: [UInt8], isFromLoopback: Bool,
        user: AuthenticatedUser = AuthenticatedUser(name: "", tags: [])
    ) throws {
        self.method = method
        self.headers = headers
        self.body = body
        self.user = user
        self.isFromLoopback = isFromLoopback
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var pieces = parts[0].split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        if pieces.last?.isEmpty == true { pieces.removeLast() }
        guard !pieces.contains(where: \.isEmpty) else { throw ManagementFailure.notFound }
        path = try pieces.map { try PercentCoding.decode($0) }
        query = [:]
        guard parts.count == 2 else { return }
        for pair in parts[1].split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            query[try PercentCoding.decode(sides[0], isQuery: true)] =
                sides.count == 2 ? try PercentCoding.decode(sides[1], isQuery: true) : ""
        }
    }

    /// A part of the path that the route names; the router has checked that it is there.
    subscript(_ name: String) -> String { parameters[name] ?? "" }

    /// The body as an object; an empty body is an empty object.
    /// - Throws: 400.
    func object() throws -> JSONObject {
        if body.isEmpty { return JSONObject() }
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue.parse(body, limits: JSONLimits(maximumBytes: body.count))
        } catch {
            throw ManagementFailure.badRequest("the body is no valid JSON: \(error)")
        }
        guard let object = value.objectValue else { throw ManagementFailure.badRequest("the body must be a JSON object") }
        return object
    }

    /// Whether a flag of the query is set: `if-unused=true`.
    func flag(_ name: String) -> Bool { query[name] == "true" }
}

/// The escapes of URLs.
enum PercentCoding {
    /// - Parameter isQuery: a plus is a space there.
    static func decode(_ text: Substring, isQuery: Bool = false) throws -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else {
                    throw ManagementFailure.badRequest("the URL has an escape that is none")
                }
                bytes.append(high << 4 | low)
            } else {
                bytes.append(isQuery && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else {
            throw ManagementFailure.badRequest("the URL is not UTF-8")
        }
        return decoded
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}
