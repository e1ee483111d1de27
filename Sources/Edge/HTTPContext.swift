public import Hummingbird

/// What travels with a request through middleware and handlers.
///
/// `caller` is the slot that authentication fills; until a middleware does, every caller is anonymous.
public struct HTTPContext: RequestContext {
    /// Hummingbird's own part: logger, parameters.
    public var coreContext: CoreRequestContextStorage
    /// Who sent the request, as far as a middleware has found out.
    public var caller: Caller = .anonymous

    /// Made by the server for each request.
    public init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
    }

    /// Made by hand, to drive routes without a server.
    public init(core: CoreRequestContextStorage) {
        coreContext = core
    }

    /// Bodies above this are refused when decoded by Hummingbird itself; ``JSONBody`` has its own limit.
    public var maxUploadSize: Int { JSONBody.Limits.standard.bytes }
}

/// Who sent a request.
public enum Caller: Sendable, Equatable {
    /// Nobody has said who it is.
    case anonymous
    /// An authenticated subject.
    case subject(String)
}
