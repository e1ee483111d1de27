import HTTPTypes
public import Hummingbird
import Logging
import NIOCore
import NIOHTTP1

/// Turns every error of a route into `application/problem+json`, and writes what is a defect to the log.
///
/// It is the outermost middleware. Requests for unknown paths come through it too.
public struct ProblemMiddleware: RouterMiddleware {
    private let routes: RouteTable
    private let translate: @Sendable (any Error) -> Problem?

    /// Creates the middleware.
    /// - Parameters:
    ///   - routes: tells 404 from 405.
    ///   - translate: what errors of other modules mean for a client, as an unreachable database: 503. Errors it does
    ///     not know become 500.
    public init(routes: RouteTable, translate: @escaping @Sendable (any Error) -> Problem? = { _ in nil }) {
        self.routes = routes
        self.translate = translate
    }

    /// Runs the route and answers for its errors.
    public func handle(
        _ request: Request, context: HTTPContext, next: (Request, HTTPContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPParserError {
            throw error  // The connection is broken; the server closes it.
        } catch {
            let response = problem(for: error, request, context).response
            return request.method == .head ? response.createHeadResponse() : response
        }
    }

    private func problem(for error: any Error, _ request: Request, _ context: HTTPContext) -> Problem {
        if let problem = error as? Problem { return problem }
        if let problem = translate(error) {
            context.logger.warning("Request refused: \(problem.title)", metadata: ["error": "\(error)"])
            return problem
        }
        if context.endpointPath == "NotFound" { return unknownRoute(request) }
        if error is NIOTooManyBytesError { return .bodyTooLarge(limit: JSONBody.Limits.standard.bytes) }
        if let error = error as? HTTPError, error.status.code < 500 {
            let phrase = error.status.reasonPhrase
            let code = error.status.code
            return Problem(
                error.status, kind: "http-\(code)", title: phrase.isEmpty ? "HTTP \(code)" : phrase, detail: error.body,
                headers: error.headers)
        }
        if error is CancellationError { return .unavailable("The server is shutting down") }
        context.logger.error(
            "Request failed",
            metadata: ["error": "\(error)", "method": "\(request.method)", "path": "\(request.uri.path)"])
        return .internalError
    }

    private func unknownRoute(_ request: Request) -> Problem {
        let allowed = routes.methods(for: request.uri.path)
        return allowed.isEmpty
            ? .notFound("There is nothing at \(request.uri.path.prefix(200))")
            : .methodNotAllowed(request.method.rawValue, allowed: allowed)
    }
}
