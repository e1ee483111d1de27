import NIOHTTP1

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Finds the route of a request, makes sure of who asks, and has it answered.
final class ManagementRouter {
    private let api: ManagementAPI
    private let routes: [ManagementRoute]

    init(_ api: ManagementAPI) {
        self.api = api
        routes = ManagementAPI.routes
    }

    /// - Parameter answer: is called once, on the loop.
    func answer(
        _ head: HTTPRequestHead, body: [UInt8], isFromLoopback: Bool, answer: @escaping (ManagementReply) -> Void
    ) {
        do {
            var request = try ManagementRequest(
                method: head.method == .HEAD ? .GET : head.method, target: head.uri, headers: head.headers, body: body,
                isFromLoopback: isFromLoopback)
            let route = try route(of: &request)
            if case .everyone = route.audience { return run(route, request, answer) }
            try authenticate(request) { [self] user in
                guard let user else { return answer(.failure(.loginFailed)) }
                guard ManagementRoute.Audience.management.includes(user) else {
                    return answer(.failure(.notAuthorised("Not management user")))
                }
                guard route.audience.includes(user) else { return answer(.failure(.notAuthorised("Not \(route.audience) user"))) }
                request.user = user
                run(route, request, answer)
            }
        } catch {
            answer(.failure(.from(error)))
        }
    }

    private func run(_ route: ManagementRoute, _ request: ManagementRequest, _ answer: @escaping (ManagementReply) -> Void) {
        do {
            switch try route.handler(api, request) {
            case .now(let reply): answer(reply)
            case .later(let start): start(answer)
            }
        } catch {
            answer(.failure(.from(error)))
        }
    }

    private func route(of request: inout ManagementRequest) throws -> ManagementRoute {
        var isKnown = false
        for route in routes {
            guard let parameters = route.match(request.path) else { continue }
            isKnown = true
            guard route.method == request.method else { continue }
            request.parameters = parameters
            return route
        }
        throw isKnown ? ManagementFailure.methodNotAllowed : ManagementFailure.notFound
    }

    /// HTTP's basic authentication (RFC 7617).
    private func authenticate(_ request: ManagementRequest, _ then: @escaping (AuthenticatedUser?) -> Void) throws {
        guard let field = request.headers.first(name: "authorization"), field.lowercased().hasPrefix("basic "),
            let data = Data(base64Encoded: field.dropFirst(6).trimmingPrefix { $0 == " " }.description)
        else { return then(nil) }
        let parts = Array(data).split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let name = String(validating: parts[0], as: UTF8.self) else { return then(nil) }
        api.access.authenticate(user: name, password: Array(parts[1]), fromLoopback: request.isFromLoopback) { result in
            guard case .accepted(let user) = result else { return then(nil) }
            then(user)
        }
    }
}
