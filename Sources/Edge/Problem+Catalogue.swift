import HTTPTypes

extension Problem {
    /// 400: the body is not JSON, or not JSON within the limits.
    public static func malformedJSON(_ detail: String, pointer: String = "") -> Problem {
        Problem(
            .badRequest, kind: "malformed-json", title: "The body is not valid JSON", detail: detail,
            errors: [.init(pointer: pointer, detail: detail)])
    }

    /// 400: a path, query or header value is wrong.
    public static func badRequest(_ detail: String) -> Problem {
        Problem(.badRequest, kind: "bad-request", title: "The request is not understood", detail: detail)
    }

    /// 422: the JSON is well-formed, and its values are wrong. Names each of them.
    public static func invalid(_ errors: [Detail]) -> Problem {
        Problem(
            .unprocessableContent, kind: "invalid-input", title: "The input is not valid",
            detail: errors.count == 1 ? errors[0].detail : "\(errors.count) values are not valid", errors: errors)
    }

    /// 404: there is nothing of that name.
    public static func notFound(_ detail: String) -> Problem {
        Problem(.notFound, kind: "not-found", title: "Not found", detail: detail)
    }

    /// 405: the path exists, for other methods.
    public static func methodNotAllowed(_ method: String, allowed: [String]) -> Problem {
        let list = allowed.joined(separator: ", ")
        return Problem(
            .methodNotAllowed, kind: "method-not-allowed", title: "Method not allowed",
            detail: "\(method.prefix(32)) is not possible here; allowed: \(list)", headers: [.allow: list])
    }

    /// 409: the request contradicts what is there already.
    public static func conflict(_ detail: String, kind: String = "conflict", title: String = "Conflict") -> Problem {
        Problem(.conflict, kind: kind, title: title, detail: detail)
    }

    /// 408: the body has not come in time.
    public static func requestTimeout(_ limit: Duration) -> Problem {
        Problem(
            .requestTimeout, kind: "request-timeout", title: "The request took too long",
            detail: "A body must be there within \(limit.components.seconds) seconds", headers: [.connection: "close"])
    }

    /// 413: the body is longer than the limit.
    public static func bodyTooLarge(limit: Int) -> Problem {
        Problem(
            .contentTooLarge, kind: "body-too-large", title: "The body is too large",
            detail: "A body may have up to \(limit) bytes", headers: [.connection: "close"])
    }

    /// 415: the body is of another kind than JSON.
    public static func unsupportedMediaType(_ detail: String) -> Problem {
        Problem(
            .unsupportedMediaType, kind: "unsupported-media-type", title: "Unsupported media type", detail: detail,
            headers: [.accept: "application/json"])
    }

    /// 503: something the worker needs is away. The client may try again after `seconds`.
    public static func unavailable(_ detail: String, retryAfter seconds: Int = 1) -> Problem {
        Problem(
            .serviceUnavailable, kind: "unavailable", title: "Temporarily unavailable", detail: detail,
            headers: [.retryAfter: String(seconds)])
    }

    /// 500: a defect. What happened stands in the log only.
    public static var internalError: Problem {
        Problem(
            .internalServerError, kind: "internal", title: "Internal error",
            detail: "The request could not be handled; the cause is in the log")
    }
}
