import Millrace

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Accepts commands: writes the command's row and its message in one commit, which it shares with other requests, and
/// waits for the outcome if the client prefers that.
struct CommandSender: Sendable {
    let messaging: Messaging
    let news: OutcomeNews
    private var waiters: CommandWaiters<CommandOutcome> { news.waiters }

    init(messaging: Messaging, news: OutcomeNews) {
        self.messaging = messaging
        self.news = news
    }

    /// A command about to be accepted.
    struct Draft: Sendable {
        /// The command's id, its message's id, and the correlation of everything it causes.
        var id: UUID
        /// What it is about: the member of the answer that names it, as `orderId`, its value, and its URI.
        var subject: (member: String, id: String, uri: String)
        /// When the request arrived.
        var receivedAt: Date

        /// The URI under which the command can be followed.
        var uri: String { "/commands/\(id.lowercased)" }
    }

    /// Accepts a command.
    /// - Parameters:
    ///   - command: the command.
    ///   - draft: its id and subject.
    ///   - request: for `Prefer` and `traceparent`.
    ///   - done: the answer when the command has succeeded while the client waited.
    /// - Returns: 202, or what `done` returns.
    /// - Throws: ``Problem`` when the command has failed while the client waited.
    func accept<C: Command>(
        _ command: C, _ draft: Draft, _ request: Request, done: @Sendable (CommandOutcome.Result) -> Response
    ) async throws -> Response {
        let prefer = Prefer(request.headers)
        guard let wait = prefer.wait, wait > .zero else {
            try await submit(command, draft, request)
            return accepted(draft)
        }
        waiters.register(draft.id)
        news.willWait()
        do {
            try await submit(command, draft, request)
        } catch {
            waiters.forget(draft.id)
            throw error
        }
        let outcome = await waiters.wait(for: draft.id, timeout: wait)
        return try answer(outcome, draft, prefer, done)
    }

    private func answer(
        _ outcome: CommandOutcome?, _ draft: Draft, _ prefer: Prefer, _ done: (CommandOutcome.Result) -> Response
    ) throws -> Response {
        var response: Response
        switch outcome {
        case .succeeded(let result):
            response = done(result)
        case .failed(let failure, let reason):
            var problem = failure.problem(reason, command: draft.uri)
            problem.headers[.preferenceApplied] = prefer.applied
            throw problem
        case nil:
            response = accepted(draft)
        }
        response.headers[.preferenceApplied] = prefer.applied
        return response
    }

    private func submit<C: Command>(_ command: C, _ draft: Draft, _ request: Request) async throws {
        let trace = request.headers[.traceparent].flatMap { TraceParent($0) } ?? TraceParent()
        var submission = Submission(correlationID: draft.id, traceparent: trace.description)
        submission.execute(
            """
            INSERT INTO commands (id, type, subject, accepted_at)
            VALUES (\(draft.id), \(C.type), \(draft.subject.id), \(draft.receivedAt))
            """)
        submission.send(command, id: draft.id)
        try await messaging.submit(submission)
    }

    private func accepted(_ draft: Draft) -> Response {
        Response.json(.accepted, headers: [.location: draft.uri]) { json in
            json.uuid("commandId", draft.id)
            json.string(draft.subject.member, draft.subject.id)
            json.string("status", "accepted")
            json.object("links") { links in
                links.string("command", draft.uri)
                links.string("subject", draft.subject.uri)
            }
        }
    }
}
