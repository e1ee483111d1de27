import Contracts
import Foundation
import Servers

/// Makes virtual hosts, users, permissions and exchanges through the management API, what is there already staying as it is. Source:
/// https://www.rabbitmq.com/docs/http-api-reference
struct BrokerSetup: Sendable {
    let management: ManagementClient
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
        let prefix = parts.percentEncodedPath.hasSuffix("/") ? String(parts.percentEncodedPath.dropLast()) : parts.percentEncodedPath
        management = ManagementClient(endpoint, prefix: prefix, user: user, password: password)
        self.user = user
    }

    /// Makes a virtual host if it is missing.
    func makeHost(_ name: String) async throws -> SetupStep {
        let path = "vhosts/\(name.percentEncoded)"
        if try await find(path) != nil { return SetupStep("vhost", name, .kept) }
        try await put(path, [:])
        return SetupStep("vhost", name, .made)
    }

    /// Makes a user, or gives it this password; and exactly these permissions in the virtual host.
    func make(_ account: PrivateRabbitMQ.User, in host: String) async throws -> [SetupStep] {
        let name = account.name.percentEncoded
        let exists = try await find("users/\(name)") != nil
        try await put("users/\(name)", ["password": .string(account.password), "tags": .string(account.tags.joined(separator: ","))])

        let path = "permissions/\(host.percentEncoded)/\(name)"
        let wanted: JSONValue = [
            "configure": .string(account.configure), "write": .string(account.write), "read": .string(account.read),
        ]
        let found = try await find(path)
        let isRight = found.map { found in ["configure", "write", "read"].allSatisfy { found[$0] == wanted[$0] } } ?? false
        if !isRight { try await put(path, wanted) }
        return [
            SetupStep("user", account.name, exists ? .updated : .made),
            SetupStep("permissions", "\(account.name) in \(host)", isRight ? .kept : found == nil ? .made : .updated),
        ]
    }

    /// Makes a durable exchange if there is none of this name; one that is there stays as it is.
    func makeExchange(_ name: String, kind: String, in host: String) async throws -> SetupStep {
        let what = name == WellKnown.commandsExchange ? "exchange" : "topic"
        let path = "exchanges/\(host.percentEncoded)/\(name.percentEncoded)"
        if try await find(path) != nil { return SetupStep(what, name, .kept) }
        let answer = try await ask("PUT", path, ["type": .string(kind), "durable": .bool(true)])
        // An administrator may give everybody permissions and yet have none himself.
        if answer.status == 401 || answer.status == 403 {
            throw Failed("`\(user)` may not make exchanges in \(host). Run: rabbitmqctl set_permissions -p \(host) \(user) '.*' '.*' '.*'")
        }
        try check(answer, "PUT \(path)")
        return SetupStep(what, name, .made)
    }

    /// What is there; nil for 404.
    private func find(_ path: String) async throws -> JSONValue? {
        let answer = try await ask("GET", path)
        if answer.status == 404 { return nil }
        try check(answer, "GET \(path)")
        return answer.value
    }

    private func put(_ path: String, _ body: JSONValue) async throws {
        try check(await ask("PUT", path, body), "PUT \(path)")
    }

    private func ask(_ method: String, _ path: String, _ body: JSONValue? = nil) async throws -> ManagementClient.Answer {
        try await management.ask(method, path, body: body, timeout: .seconds(30))
    }

    private func check(_ answer: ManagementClient.Answer, _ what: String) throws {
        let place = management.place
        switch answer.status {
        case 200..<300: return
        case 401: throw Failed("the broker's management at \(place) refused the login of `\(user)`: it needs the tag `administrator`")
        case 404: throw Failed("\(place) does not know \(what): is this the management plugin of RabbitMQ?")
        default: throw Failed("\(what) at \(place) was answered with \(answer.status): \(answer.reason)")
        }
    }
}
