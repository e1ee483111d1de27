public import Contracts
import HTTPTypes
public import Hummingbird
internal import Locking
import NIOCore

/// Reads a request's body as JSON, within limits, and says what is wrong with it.
public enum JSONBody {
    /// How much a body may be.
    public struct Limits: Sendable, Equatable {
        /// Bytes. Default 1 MB (1,048,576).
        public var bytes: Int
        /// Nested arrays and objects. Default 64.
        public var depth: Int
        /// How long the body may take to come, from when it is asked for. Default 30 s.
        public var time: Duration

        /// Creates limits.
        public init(bytes: Int = 1 << 20, depth: Int = 64, time: Duration = .seconds(30)) {
            self.bytes = bytes
            self.depth = depth
            self.time = time
        }

        /// 1 MB, 64 levels, 30 seconds.
        public static let standard = Limits()
    }

    /// The body's JSON.
    /// - Throws: a ``Problem``: 415 for another content type or encoding, 413 for too many bytes, 408 for a body
    ///   that comes too slowly, 400 for what is not JSON.
    public static func read(_ request: Request, limits: Limits = .standard) async throws -> JSONValue {
        try checkHeaders(request, limits: limits)
        let bytes = try await collect(request, limits: limits)
        if bytes.isEmpty { throw Problem.malformedJSON("The body is empty") }
        do {
            return try JSONValue.parse(bytes, limits: JSONLimits(maximumBytes: limits.bytes, maximumDepth: limits.depth))
        } catch {
            throw Problem.malformedJSON("\(error.message), at byte \(error.offset)", pointer: error.pointer.text)
        }
    }

    private static func checkHeaders(_ request: Request, limits: Limits) throws {
        guard let type = request.headers[.contentType] else {
            throw Problem.unsupportedMediaType("The header Content-Type is missing; send application/json")
        }
        guard isJSON(type) else {
            throw Problem.unsupportedMediaType("The body must be application/json in UTF-8")
        }
        if let encoding = request.headers[.contentEncoding], encoding.lowercased() != "identity" {
            throw Problem.unsupportedMediaType("Compressed bodies are not accepted")
        }
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limits.bytes {
            let isWaiting = request.headers[.expect] != nil
            if isWaiting || length > limits.bytes + discarded { throw Problem.bodyTooLarge(limit: limits.bytes) }
        }
    }

    /// So much of a body that is too large is read and thrown away: a server that closes while its client still sends takes
    /// the answer back from the client.
    private static let discarded = 8 << 20

    /// What comes within the time. Whoever falls silent is told so a little later: a connection on which another answer is under way is
    /// not idle for the server. Nothing is read any more then; who still sends is answered at the time itself, and read to the end.
    private static func collect(_ request: Request, limits: Limits) async throws -> [UInt8] {
        let body = request.body
        let reading = Task { try await collect(body, limits) }
        let isLate = Locked(false)
        let deadline = Deadlines.shared.call(after: limits.time * 5 / 4) {
            isLate.withLock { $0 = true }
            reading.cancel()
        }
        defer { Deadlines.shared.cancel(deadline) }
        let outcome = await withTaskCancellationHandler {
            await reading.result
        } onCancel: {
            reading.cancel()
        }
        // Whatever a cancelled read makes of its end.
        if isLate.withLock({ $0 }) { throw Problem.requestTimeout(limits.time) }
        try Task.checkCancellation()
        return try outcome.get()
    }

    private static func collect(_ body: RequestBody, _ limits: Limits) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        var length = 0
        let deadline = ContinuousClock.now + limits.time
        for try await chunk in body {
            guard ContinuousClock.now < deadline else { throw Problem.requestTimeout(limits.time) }
            length += chunk.readableBytes
            if length <= limits.bytes {
                bytes.append(contentsOf: chunk.readableBytesView)
            } else if length > limits.bytes + discarded {
                break
            }
        }
        if length > limits.bytes { throw Problem.bodyTooLarge(limit: limits.bytes) }
        return bytes
    }

    /// Whether a content type is `application/json` or `application/…+json`, in UTF-8.
    package static func isJSON(_ contentType: String) -> Bool {
        let parts = contentType.split(separator: ";", omittingEmptySubsequences: false).map { trimmed($0).lowercased() }
        guard let media = parts.first else { return false }
        let isJSON = media == "application/json" || (media.hasPrefix("application/") && media.hasSuffix("+json"))
        guard isJSON else { return false }
        return parts.dropFirst().allSatisfy { parameter in
            guard parameter.hasPrefix("charset=") else { return true }
            return ["utf-8", "\"utf-8\"", "utf8"].contains(parameter.dropFirst("charset=".count))
        }
    }
}

/// The text without spaces and tabs at its ends.
func trimmed(_ text: some StringProtocol) -> String {
    let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
    guard let start = text.firstIndex(where: { !isBlank($0) }), let end = text.lastIndex(where: { !isBlank($0) }) else {
        return ""
    }
    return String(text[start...end])
}
