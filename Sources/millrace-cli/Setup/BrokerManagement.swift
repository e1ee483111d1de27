import Contracts
import Foundation
import NIOHTTP1
import Servers

/// RabbitMQ's HTTP API, as far as it makes virtual hosts, users and permissions. Source:
/// https://www.rabbitmq.com/docs/http-api-reference
struct BrokerManagement: Sendable {
    private let client: HTTPClient
    private let place: String
    private let prefix: String
    private let login: String
    private let user: String

    /// - Parameter url: `http://user:password@host:15672`, with the path prefix of the API if it has one.
    /// - Throws: `UsageFailure`, which never quotes the URL.
    init(url: String) throws {
        guard let parts = URLComponents(string: url), let endpoint = HTTPEndpoint(parts, port: (15_672, 15_671)) else {
            throw UsageFailure("the URL of the broker's management is not like https://user:password@host:15671")
        }
        guard let user = parts.user, let password = parts.password else {
            throw UsageFailure("the URL of the broker's management has no user and password")
        }
        client = HTTPClient(endpoint, connections: 1)
        place = endpoint.description
        prefix = parts.percentEncodedPath.hasSuffix("/") ? String(parts.percentEncodedPath.dropLast()) : parts.percentEncodedPath
        login = "Basic " + Data("\(user):\(password)".utf8).base64EncodedString()
        self.user = user
    }

    /// Closes the connection.
    func close() async { await client.close() }

    /// Makes a virtual host if it is missing.
    func makeHost(_ name: String) async throws -> SetupStep {
        let path = "/api/vhosts/\(escaped(name))"
        if try await get(path) != nil { return SetupStep("vhost", name, .kept) }
        try await put(path, [:])
        return SetupStep("vhost", name, .made)
    }

    /// Makes a user, or gives it this password; and exactly these permissions in the virtual host.
    func make(_ account: PrivateRabbitMQ.User, in host: String) async throws -> [SetupStep] {
        let userPath = "/api/users/\(escaped(account.name))"
        let exists = try await get(userPath) != nil
        try await put(userPath, ["password": account.password, "tags": account.tags.joined(separator: ",")])

        let path = "/api/permissions/\(escaped(host))/\(escaped(account.name))"
        let wanted = ["configure": account.configure, "write": account.write, "read": account.read]
        let found = try await get(path) as? [String: Any]
        let isRight = found.map { found in wanted.allSatisfy { found[$0.key] as? String == $0.value } } ?? false
        if !isRight { try await put(path, wanted) }
        return [
            SetupStep("user", account.name, exists ? .updated : .made),
            SetupStep("permissions", "\(account.name) in \(host)", isRight ? .kept : found == nil ? .made : .updated),
        ]
    }

    /// Makes a durable exchange if there is none of this name; one that is there stays as it is.
    func makeExchange(_ name: String, kind: String, in host: String) async throws -> SetupStep {
        let what = name == WellKnown.commandsExchange ? "exchange" : "topic"
        let path = "/api/exchanges/\(escaped(host))/\(escaped(name))"
        if try await get(path) != nil { return SetupStep(what, name, .kept) }
        let body = try JSONSerialization.data(withJSONObject: ["type": kind, "durable": true] as [String: Any])
        let answer = try await send(.init(method: .PUT, path: prefix + path, body: Array(body)))
        // An administrator may give everybody permissions and yet have none himself.
        if answer.status == 401 || answer.status == 403 {
            throw Failed("`\(user)` may not make exchanges in \(host). Run: rabbitmqctl set_permissions -p \(host) \(user) '.*' '.*' '.*'")
        }
        try check(answer, "PUT \(path)")
        return SetupStep(what, name, .made)
    }

    /// What is there; nil for 404.
    private func get(_ path: String) async throws -> Any? {
        let answer = try await send(.init(method: .GET, path: prefix + path))
        if answer.status == 404 { return nil }
        try check(answer, "GET \(path)")
        return try JSONSerialization.jsonObject(with: Data(answer.body))
    }

    private func put(_ path: String, _ body: [String: String]) async throws {
        let data = try JSONSerialization.data(withJSONObject: body)
        try check(await send(.init(method: .PUT, path: prefix + path, body: Array(data))), "PUT \(path)")
    }

    private func send(_ request: HTTPClient.Request) async throws -> HTTPClient.Answer {
        var request = request
        request.headers.append(("authorization", login))
        do {
            // Both kinds of request may be repeated.
            return try await client.send(request, timeout: .seconds(30))
        } catch let failure as HTTPClient.Failure {
            throw Failed("the broker's management at \(place) gave no answer: \(failure)")
        }
    }

    private func check(_ answer: HTTPClient.Answer, _ what: String) throws {
        switch answer.status {
        case 200..<300: return
        case 401: throw Failed("the broker's management at \(place) refused the login of `\(user)`: it needs the tag `administrator`")
        case 404: throw Failed("\(place) does not know \(what): is this the management plugin of RabbitMQ?")
        default:
            throw Failed("\(what) at \(place) was answered with \(answer.status): \(String(decoding: answer.body.prefix(500), as: UTF8.self))")
        }
    }

    private func escaped(_ segment: String) -> String {
        segment.addingPercentEncoding(withAllowedCharacters: .alphanumerics.intersection(.init(charactersIn: Unicode.Scalar(0)..<Unicode.Scalar(128))).union(.init(charactersIn: "-._~"))) ?? segment
    }
}
