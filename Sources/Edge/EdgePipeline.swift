public import Hummingbird

/// The middleware of a router, in the order in which it must run. What is not set is left out.
///
/// The slots stand in this order for a reason: a request over its rate limit must not cost an authentication, an
/// idempotency key belongs to an authenticated caller, and errors of all of them are answered as problems.
public struct EdgePipeline: Sendable {
    /// A middleware for routes of Millrace.
    public typealias Middleware = any MiddlewareProtocol<Request, Response, HTTPContext>

    /// Answers for errors.
    public var problems: ProblemMiddleware
    /// Limits how often a caller may ask.
    public var rateLimit: Middleware?
    /// Finds out who asks, and sets ``HTTPContext/caller``.
    public var authentication: Middleware?
    /// Answers a repeated `Idempotency-Key` with the first answer.
    public var idempotency: Middleware?

    /// Creates a pipeline that only answers for errors.
    public init(problems: ProblemMiddleware) {
        self.problems = problems
    }

    /// Adds the middleware to a router, before its routes are.
    public func install(on router: Router<HTTPContext>) {
        router.add(middleware: problems)
        for middleware in [rateLimit, authentication, idempotency] {
            if let middleware { router.add(middleware: middleware) }
        }
    }
}
