import ArgumentParser
import Contracts
import Foundation

/// How commands reach a broker's management API.
struct ManagementOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The management API (default: MILLRACE_BROKER_URL, else http://127.0.0.1:15672).", valueName: "url")) var url: String?

    /// Calls `body` with a client, which is closed at the end.
    func with<R: Sendable>(_ body: (ManagementClient) async throws -> R) async throws -> R {
        let environment = ProcessInfo.processInfo.environment
        let client = try ManagementClient(url: url ?? environment["MILLRACE_BROKER_URL"] ?? "http://127.0.0.1:15672", environment: environment)
        do {
            let result = try await body(client)
            await client.close()
            return result
        } catch {
            await client.close()
            throw error
        }
    }
}

/// A client of the management API of this broker, or of RabbitMQ's.
struct ManagementClient: Sendable {
    private let http: HTTPClient
    private let authorization: String
    private let place: String

    /// - Throws: `UsageFailure` for a URL that cannot be used or holds a password.
    init(url: String, environment: [String: String]) throws {
        guard let parts = URLComponents(string: url), let endpoint = HTTPEndpoint(parts, port: (15_672, 15_671)) else {
            throw UsageFailure("`\(url)` is no URL of a management API: it must look like http://127.0.0.1:15672 or https://broker.example.com:15671")
        }
        guard parts.password == nil else { throw UsageFailure("a password in the URL can be read by everybody: use MILLRACE_BROKER_PASSWORD or MILLRACE_BROKER_PASSWORD_FILE") }
        let user = parts.user ?? environment["MILLRACE_BROKER_USER"] ?? "guest"
        let password = try environment["MILLRACE_BROKER_PASSWORD"] ?? environment["MILLRACE_BROKER_PASSWORD_FILE"].map(BrokerSettings.secret) ?? "guest"
        self.init(endpoint, user: user, password: password)
    }

    init(_ endpoint: HTTPEndpoint, user: String, password: String) {
        http = HTTPClient(endpoint, connections: 1)
        authorization = "Basic " + Data("\(user):\(password)".utf8).base64EncodedString()
        place = endpoint.description
    }

    func close() async { await http.close() }

    /// A request; answers of 400 and above are thrown, with the reason that the API gave.
    @discardableResult
    func send(_ method: String, _ path: String, body: JSONValue? = nil) async throws -> JSONValue {
        let answer: HTTPClient.Answer
        do {
            answer = try await http.send(
                .init(
                    method: .RAW(value: method), path: "/api/" + path, headers: [("authorization", authorization)],
                    body: body?.encoded() ?? []))
        } catch {
            throw Failed("no answer from the management API at \(place) (\(error)); is the broker running, and with --management?")
        }
        let value = try? JSONValue.parse(answer.body)
        guard (200..<300).contains(answer.status) else {
            let reason = value?["reason"]?.stringValue ?? String(decoding: answer.body.prefix(200), as: UTF8.self)
            if answer.status == 401 { throw Failed("\(place): \(reason); set MILLRACE_BROKER_USER and MILLRACE_BROKER_PASSWORD") }
            throw Failed("\(place) answered \(answer.status) to \(method) \(path): \(reason)")
        }
        return value ?? .null
    }

    func list(_ path: String) async throws -> [JSONValue] { try await send("GET", path).arrayValue ?? [] }
}

/// JSON from the API as a table's cells.
extension JSONValue {
    func cell(_ path: String) -> String {
        let value = path.split(separator: ".").reduce(self as JSONValue?) { $0?[String($1)] }
        switch value {
        case .string(let text): return text
        case .number(let number): return number.isWhole ? number.text : String(format: "%.1f", number.double)
        case .bool(let flag): return flag ? "yes" : "no"
        case .array(let values): return values.map { $0.stringValue ?? $0.description }.joined(separator: ",")
        case .object(let object): return object.isEmpty ? "" : JSONValue.object(object).description
        case .null, nil: return ""
        }
    }
}

extension OutputOptions {
    /// Prints a list from the API: the columns as a table, or everything as JSON.
    func print(_ values: [JSONValue], columns: [(title: String, path: String)], right: Set<Int> = []) {
        switch output {
        case .json: Console.shared.output(JSONValue.array(values).prettyPrinted())
        case .table:
            var table = Table(columns.map(\.title), right: right)
            for value in values { table.add(columns.map { value.cell($0.path) }) }
            Console.shared.output(table.text)
        }
    }
}

extension ManagementClient {
    /// Whether this is the user's password. A user without a tag for management is told so only when the password is right.
    func accepts(user: String, password: String) async throws -> Bool {
        let field = "Basic " + Data("\(user):\(password)".utf8).base64EncodedString()
        let answer = try await http.send(.init(method: .GET, path: "/api/whoami", headers: [("authorization", field)]))
        let reason = (try? JSONValue.parse(answer.body))?["reason"]?.stringValue
        return answer.status == 200 || reason == "Not management user"
    }
}
