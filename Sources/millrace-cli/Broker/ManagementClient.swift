import ArgumentParser
import Contracts
import Foundation

/// How commands reach a broker's management API.
struct ManagementOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The management API (default: MILLRACE_BROKER_URL, else http://127.0.0.1:15672).", valueName: "url"))
    var url: String?

    /// Calls `body` with a client, which is closed at the end.
    func with<R: Sendable>(_ body: (ManagementClient) async throws -> R) async throws -> R {
        let environment = ProcessInfo.processInfo.environment
        let client = try ManagementClient(
            url: url ?? environment["MILLRACE_BROKER_URL"] ?? "http://127.0.0.1:15672", environment: environment)
        return try await client.executeThenClose(body)
    }
}

/// A client of the management API of this broker, or of RabbitMQ's.
struct ManagementClient: Sendable {
    private let http: HTTPClient
    private let prefix: String
    private let authorization: String
    /// For messages.
    let place: String

    /// - Throws: `UsageFailure` for a URL that cannot be used or holds a password.
    init(url: String, environment: [String: String]) throws {
        guard let parts = URLComponents(string: url), let endpoint = HTTPEndpoint(parts, port: (15_672, 15_671)) else {
            throw UsageFailure(
                "`\(url)` is no URL of a management API: it must look like http://127.0.0.1:15672 or https://broker.example.com:15671")
        }
        guard parts.password == nil else {
            throw UsageFailure(
                "a password in the URL can be read by everybody: use MILLRACE_BROKER_PASSWORD or MILLRACE_BROKER_PASSWORD_FILE")
        }
        let user = parts.user ?? environment["MILLRACE_BROKER_USER"] ?? "guest"
        let password =
            try environment["MILLRACE_BROKER_PASSWORD"] ?? environment["MILLRACE_BROKER_PASSWORD_FILE"].map(BrokerSettings.secret)
            ?? "guest"
        self.init(endpoint, user: user, password: password)
    }

    /// - Parameter prefix: what stands in front of `/api/` in paths, if something does.
    init(_ endpoint: HTTPEndpoint, prefix: String = "", user: String, password: String) {
        http = HTTPClient(endpoint, connections: 1)
        self.prefix = prefix
        authorization = Self.authorization(user: user, password: password)
        place = endpoint.description
    }

    private static func authorization(user: String, password: String) -> String {
        "Basic " + Data("\(user):\(password)".utf8).base64EncodedString()
    }

    /// Calls `body` and closes the connection when that is done, however it ends.
    func executeThenClose<R>(
        isolation: isolated (any Actor)? = #isolation, _ body: (ManagementClient) async throws -> R
    ) async throws -> R {
        do {
            let result = try await body(self)
            await http.close()
            return result
        } catch {
            await http.close()
            throw error
        }
    }

    /// What the API has answered.
    struct Answer: Sendable {
        let status: Int
        /// The body, if it is JSON.
        let value: JSONValue?
        /// Why it was refused, in the words of the API.
        let reason: String

        init(_ answer: HTTPClient.Answer) {
            status = answer.status
            value = try? JSONValue.parse(answer.body)
            reason = value?["reason"]?.stringValue ?? String(decoding: answer.body.prefix(200), as: UTF8.self)
        }
    }

    /// A request and its answer, whatever its status.
    func ask(_ method: String, _ path: String, body: JSONValue? = nil, timeout: Duration = .seconds(90)) async throws -> Answer {
        try await ask(method, path, body: body, authorization: authorization, timeout: timeout)
    }

    private func ask(
        _ method: String, _ path: String, body: JSONValue?, authorization: String, timeout: Duration
    ) async throws -> Answer {
        do {
            return Answer(
                try await http.send(
                    .init(
                        method: .RAW(value: method), path: prefix + "/api/" + path, headers: [("authorization", authorization)],
                        body: body?.encoded() ?? []), timeout: timeout))
        } catch let failure as HTTPClient.Failure where failure == .tooLarge(HTTPClient.bodyLimit) {
            throw Failed("\(place) answered \(method) \(path) with more than this command takes: \(failure)")
        } catch {
            throw Failed("no answer from the management API at \(place) (\(error)); is the broker running, and with --management?")
        }
    }

    /// A request; answers of 400 and above are thrown, with the reason that the API gave.
    @discardableResult
    func send(_ method: String, _ path: String, body: JSONValue? = nil) async throws -> JSONValue {
        let answer = try await ask(method, path, body: body)
        guard (200..<300).contains(answer.status) else {
            if answer.status == 401 { throw Failed("\(place): \(answer.reason); set MILLRACE_BROKER_USER and MILLRACE_BROKER_PASSWORD") }
            throw Failed("\(place) answered \(answer.status) to \(method) \(path): \(answer.reason)")
        }
        return answer.value ?? .null
    }

    /// Whether this is the user's password. A user without a tag for management is told so only when the password is right.
    func accepts(user: String, password: String) async throws -> Bool {
        let field = Self.authorization(user: user, password: password)
        let answer = try await ask("GET", "whoami", body: nil, authorization: field, timeout: .seconds(90))
        return answer.status == 200 || answer.reason == "Not management user"
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
