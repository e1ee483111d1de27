import Contracts
public import HTTPTypes
public import Hummingbird
import NIOCore

/// An error as a client sees it: `application/problem+json` (RFC 9457).
///
/// Handlers throw it. Nothing of the inside of the process goes into it: no SQL, no file names, no addresses.
public struct Problem: Error, HTTPResponseError, Sendable, Equatable {
    /// One thing that is wrong with the request's body or query.
    public struct Detail: Sendable, Equatable {
        /// Where: a JSON pointer (RFC 6901) into the body; empty for the body as a whole.
        public var pointer: String
        /// What is wrong, as a sentence for the caller.
        public var detail: String

        /// Creates a detail.
        public init(pointer: String, detail: String) {
            self.pointer = pointer
            self.detail = detail
        }
    }

    /// The HTTP status.
    public var status: HTTPResponse.Status
    /// A name for the kind of problem, stable for programs; written as the URI `urn:millrace:problem:<kind>`.
    public var kind: String
    /// A short title, the same for each problem of its kind.
    public var title: String
    /// What happened this time.
    public var detail: String?
    /// The URI of what the problem is about, as `/commands/…`.
    public var instance: String?
    /// The URI under which a command is found if it was accepted all the same, as `/commands/…`: for problems after which that is
    /// not known.
    public var command: String?
    /// Each thing that is wrong with the input.
    public var errors: [Detail]
    /// Additional headers, as `Retry-After` or `Allow`.
    public var headers: HTTPFields

    /// Creates a problem.
    public init(
        _ status: HTTPResponse.Status, kind: String, title: String, detail: String? = nil, instance: String? = nil,
        errors: [Detail] = [], headers: HTTPFields = [:]
    ) {
        self.status = status
        self.kind = kind
        self.title = title
        self.detail = detail
        self.instance = instance
        self.errors = errors
        self.headers = headers
    }

    /// The body.
    public var body: [UInt8] {
        var json = JSONObjectWriter()
        json.string("type", "urn:millrace:problem:\(kind)")
        json.string("title", title)
        json.integer("status", status.code)
        if let detail { json.string("detail", detail) }
        if let instance { json.string("instance", instance) }
        if let command { json.string("command", command) }
        if !errors.isEmpty {
            json.array("errors", errors) { error, item in
                item.string("pointer", error.pointer)
                item.string("detail", error.detail)
            }
        }
        return json.finished()
    }

    /// The response.
    public var response: Response {
        var headers = headers
        headers[.contentType] = "application/problem+json"
        headers[.cacheControl] = "no-store"
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: body)))
    }

    /// The response; part of Hummingbird's `ResponseGenerator`.
    public func response(from request: Request, context: some RequestContext) -> Response { response }
}
