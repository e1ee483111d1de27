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
    let logger: Logger
    private var waiters: CommandWaiters<CommandOutcome> { news.waiters }

    init(messaging: Messaging, news: OutcomeNews, logger: Logger) {
        self.messaging = messaging
        self.news = news
        self.logger = logger
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
    /// - Throws: ``Problem`` when the command has failed while the client waited, or when the database cannot be reached; such a
    ///   problem names the command, which may have been accepted.
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
        do {
            try await commit(submission, draft)
        } catch let error as PostgresError {
            guard var problem = ErrorTranslation.problem(for: error), problem.status == .serviceUnavailable else { throw error }
            logger.warning("Command may have been accepted", metadata: ["command": "\(draft.uri)", "error": "\(error)"])
            problem.command = draft.uri
            throw problem
        }
    }

    /// Hands the submission in, and once more if the connection is lost: the commit may have taken effect, and a client that
    /// were told to try again would have two orders. The row and the message are one commit, so when the row is there, the
    /// message is too.
    private func commit(_ submission: Submission, _ draft: Draft) async throws {
        do {
            try await messaging.submit(submission)
        } catch let error as PostgresError where error.isConnectionFailure && error.code != .poolTimeout {
            do {
                try await messaging.submit(submission)
            } catch let error as PostgresError where Self.isAcceptedAlready(error) {
                logger.info("Command was accepted, and the answer was lost", metadata: ["command": "\(draft.uri)"])
            }
        }
    }

    /// Whether the command's row is there already. Its id is new, so only an earlier submission of the same command can have
    /// written it.
    private static func isAcceptedAlready(_ error: PostgresError) -> Bool {
        let cause = error.code == .aborted ? error.underlying as? PostgresError ?? error : error
        return cause.sqlState == "23505" && cause.constraint == "commands_pkey"
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
