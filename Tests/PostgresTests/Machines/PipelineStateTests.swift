import Postgres
import Testing

private struct Request: PipelineRequest {
    var id: UInt64
    var statements: [SQL]
    var transaction: UInt64?
    var role = PipelineRole.ordinary
    var attempt = 0
}

private struct Value: PipelineValue, Equatable {
    var isRollback = false
}

private typealias State = PipelineState<Request, Value>

private func server(_ state: String, _ message: String = "no") -> PostgresError {
    PostgresError(code: .server, message: message, sqlState: state)
}

/// As a server says it that speaks German.
private func changedResultTypeOfServer() -> PostgresError {
    PostgresError(
        code: .server, message: "gecachter Plan darf den Ergebnistyp nicht ändern", sqlState: "0A000", routine: "RevalidateCachedQuery")
}

/// The machine with what it sent and what came of it.
private struct Harness {
    var state = State()
    var sent: [State.Command] = []
    var done: [UInt64: Result<[Value], PostgresError>] = [:]
    var resent: [Request] = []
    var other: [State.Action] = []

    init(cacheSize: Int = 256) { state = State(cacheSize: cacheSize) }

    mutating func append(_ request: Request) {
        var sent = self.sent
        state.append(request) { sent.append($0) }
        self.sent = sent
    }

    mutating func finish() {
        var sent = self.sent
        state.finishFlight { sent.append($0) }
        self.sent = sent
    }

    mutating func receive(_ replies: State.Reply...) { for reply in replies { apply(state.receive(reply)) } }

    mutating func apply(_ actions: [State.Action]) {
        for action in actions {
            switch action {
            case .complete(let request, let result): done[request.id] = result
            case .resend(let request, _): resent.append(request)
            default: other.append(action)
            }
        }
    }

    func error(_ id: UInt64) -> PostgresError? { if case .failure(let error) = done[id] { error } else { nil } }
    func isSuccess(_ id: UInt64) -> Bool { if case .success = done[id] { true } else { false } }
}

@Suite struct PipelineStateTests {
    @Test func statementIsPreparedOnce() {
        var harness = Harness()
        harness.append(Request(id: 1, statements: ["select 1"]))
        harness.append(Request(id: 2, statements: ["select 1"]))
        #expect(
            harness.sent == [
                .prepare(name: "m1", index: 0), .run(name: "m1", index: 0), .sync, .run(name: "m1", index: 0), .sync,
            ])
        harness.receive(.done(Value()), .done(Value()), .sync, .done(Value()), .sync)
        #expect(harness.isSuccess(1) && harness.isSuccess(2) && harness.state.isIdle)
    }

    /// Fails when the cache looks at the text alone: the second call would send a text to a parameter of type bigint.
    @Test func sameTextWithOtherTypesIsAnotherStatement() {
        var harness = Harness()
        harness.append(Request(id: 1, statements: ["select \(1)"]))
        harness.append(Request(id: 2, statements: ["select \("1")"]))
        #expect(harness.sent.contains(.prepare(name: "m1", index: 0)) && harness.sent.contains(.prepare(name: "m2", index: 0)))
    }

    /// Fails when a request outside of a transaction is answered before its Sync: it commits only there.
    @Test func implicitTransactionIsDoneAtSync() {
        var harness = Harness()
        harness.append(Request(id: 1, statements: ["insert"]))
        harness.receive(.done(Value()), .done(Value()))
        #expect(harness.done.isEmpty)
        harness.receive(.failure(server("23505")), .sync)
        #expect(harness.error(1)?.sqlState == "23505")
        #expect(harness.state.isIdle)
    }

    /// Fails when all requests share one Sync: the second would be skipped for the first one's error.
    @Test func requestsOutsideOfTransactionsDoNotHurtEachOther() {
        var harness = Harness()
        harness.append(Request(id: 1, statements: ["bad"]))
        harness.append(Request(id: 2, statements: ["good"]))
        harness.receive(.failure(server("42601")), .aborted, .sync, .done(Value()), .done(Value()), .sync)
        #expect(harness.error(1)?.sqlState == "42601")
        #expect(harness.isSuccess(2))
    }

    @Test func transactionIsOneFlight() {
        var harness = Harness()
        harness.append(Request(id: 1, statements: ["begin"], transaction: 7))
        harness.append(Request(id: 2, statements: ["a"], transaction: 7))
        harness.append(Request(id: 3, statements: ["b"], transaction: 7))
        #expect(harness.sent.filter { $0 == .sync }.isEmpty)
        harness.append(Request(id: 4, statements: ["commit"], transaction: 7, role: .commit))
        #expect(harness.sent.filter { $0 == .sync }.count == 1)
        harness.receive(.done(Value()), .done(Value()), .done(Value()), .failure(server("23505")))
        #expect(harness.isSuccess(1) && harness.error(2)?.sqlState == "23505")
        harness.receive(.aborted, .aborted, .aborted, .aborted, .sync)
        #expect(harness.error(3)?.code == .aborted)
        #expect((harness.error(3)?.underlying as? PostgresError)?.sqlState == "23505")
        #expect(harness.error(4)?.code == .aborted)
        #expect(harness.state.isIdle)
    }

    /// Fails when COMMIT's tag is not looked at: the work would be taken for committed.
    @Test func commitThatRollsBackIsTheFirstError() {
        var harness = Harness()
        harness.append(Request(id: 1, statements: ["a"], transaction: 7))
        harness.finish()
        harness.receive(.done(Value()), .failure(server("23503")), .sync)
        harness.append(Request(id: 2, statements: ["commit"], transaction: 7, role: .commit))
        harness.receive(.done(Value()), .done(Value(isRollback: true)), .sync)
        #expect(harness.error(2)?.sqlState == "23503")
    }

    /// Fails when ROLLBACK goes into the flight of the failing statement: it would be skipped.
    @Test func rollbackHasItsOwnFlight() {
        var harness = Harness()
        harness.append(Request(id: 1, statements: ["a"], transaction: 7))
        harness.append(Request(id: 2, statements: ["rollback"], transaction: 7, role: .rollback))
        #expect(
            harness.sent == [
                .prepare(name: "m1", index: 0), .run(name: "m1", index: 0), .sync, .prepare(name: "m2", index: 0),
                .run(name: "m2", index: 0), .sync,
            ])
    }

    @Test func failedTransactionIsNamedInsteadOf25P02() {
        var harness = Harness()
        harness.append(Request(id: 1, statements: ["a"], transaction: 7))
        harness.finish()
        harness.receive(.failure(server("40001")), .aborted, .sync)
        harness.append(Request(id: 2, statements: ["b"], transaction: 7))
        harness.finish()
        harness.receive(.failure(server("25P02")), .aborted, .sync)
        #expect(harness.error(2)?.code == .aborted)
        #expect(harness.error(2)?.isRetryable == true)
        guard case .transactionFailed(7, let first)? = harness.other.first else { return #expect(Bool(false)) }
        #expect(first.sqlState == "40001" && harness.other.count == 1)
    }

    /// Fails when a failed or skipped prepare stays in the cache: every later use would fail with 26000.
    @Test func failedPrepareIsForgotten() {
        var harness = Harness()
        harness.append(Request(id: 1, statements: ["bad"]))
        harness.receive(.failure(server("42P01")), .aborted, .sync)
        #expect(harness.state.cache.count == 0)
        harness.append(Request(id: 2, statements: ["fails", "skipped"]))
        harness.receive(.done(Value()), .failure(server("23505")), .aborted, .aborted, .sync)
        #expect(harness.state.cache.count == 1)
    }

    /// Fails when the innocent request is not sent again.
    @Test func requestBehindASkippedPrepareIsSentAgain() {
        var harness = Harness()
        harness.append(Request(id: 1, statements: ["bad", "good"]))
        harness.append(Request(id: 2, statements: ["good"]))
        harness.receive(.failure(server("42601")), .aborted, .aborted, .aborted, .sync, .failure(server("26000")), .sync)
        #expect(harness.error(1)?.sqlState == "42601")
        #expect(harness.resent.map(\.id) == [2] && harness.resent[0].attempt == 1)
        for attempt in 2...5 {
            harness.append(harness.resent.removeLast())
            harness.receive(.failure(server("26000")), .aborted, .sync)
            #expect(harness.resent.last?.attempt == attempt)
        }
        harness.append(harness.resent.removeLast())
        harness.receive(.failure(server("26000")), .aborted, .sync)
        #expect(harness.error(2)?.sqlState == "26000", "not for ever")
    }

    /// Fails when the second request is told that its statement does not exist instead of why.
    @Test func requestsBehindAFailedPrepareGetTheReason() {
        var harness = Harness()
        harness.append(Request(id: 1, statements: ["bad"]))
        harness.append(Request(id: 2, statements: ["bad"]))
        harness.receive(.failure(server("42601")), .aborted, .sync, .failure(server("26000")), .sync)
        #expect(harness.error(1)?.sqlState == "42601" && harness.error(2)?.sqlState == "42601")
        #expect(harness.resent.isEmpty)
    }

    /// The server answers nothing before the end of a flight. Fails when only the first unanswered request counts as running: a
    /// cancelled statement behind BEGIN would never be stopped.
    @Test func anyRequestOfTheFirstFlightMayBeRunning() {
        var harness = Harness()
        harness.append(Request(id: 1, statements: ["begin"], transaction: 1))
        harness.append(Request(id: 2, statements: ["slow"], transaction: 1))
        harness.finish()
        harness.append(Request(id: 3, statements: ["slow"], transaction: 1))
        harness.finish()
        let isSecond = harness.state.cancel(2)
        #expect(isSecond)
        var other = Harness()
        other.append(Request(id: 1, statements: ["begin"], transaction: 1))
        other.finish()
        other.append(Request(id: 2, statements: ["slow"], transaction: 1))
        other.finish()
        let isNext = other.state.cancel(2)
        #expect(!isNext)
        other.receive(.done(Value()), .done(Value()), .sync)
        guard case .cancelNow? = other.other.last else { return #expect(Bool(false)) }
    }

    @Test func changedResultTypeIsPreparedAgain() {
        var harness = Harness()
        harness.append(Request(id: 1, statements: ["select * from t"]))
        harness.receive(.done(Value()), .done(Value()), .sync)
        harness.append(Request(id: 2, statements: ["select * from t"]))
        harness.receive(.failure(changedResultTypeOfServer()), .sync)
        #expect(harness.resent.map(\.id) == [2])
        harness.sent = []
        harness.append(harness.resent[0])
        #expect(harness.sent.first == .deallocate(name: "m1"))
        harness.receive(.done(Value()), .sync, .done(Value()), .done(Value()), .sync)
        #expect(harness.isSuccess(2))
    }

    /// Fails when only the statement that failed is forgotten: seven would need seven attempts, and there are six.
    @Test func manyChangedResultTypesAreOneAttempt() {
        let texts: [SQL] = ["a", "b", "c", "d", "e", "f", "g"]
        var harness = Harness()
        harness.append(Request(id: 1, statements: texts))
        for _ in 0..<14 { harness.receive(.done(Value())) }
        harness.receive(.sync)
        harness.append(Request(id: 2, statements: texts))
        harness.receive(.failure(changedResultType))
        for _ in 0..<6 { harness.receive(.aborted) }
        harness.receive(.sync)
        #expect(harness.resent.map(\.id) == [2] && harness.state.cache.count == 0)
        harness.sent = []
        harness.append(harness.resent[0])
        #expect(harness.sent.count { if case .prepare = $0 { true } else { false } } == 7)
        #expect(harness.sent.count { if case .deallocate = $0 { true } else { false } } == 7)
    }

    /// Two requests were under way when the table changed. Fails when the second answer makes the connection forget what was
    /// prepared anew after the first.
    @Test func aSecondStaleAnswerForgetsNothingMore() {
        var harness = Harness()
        for text: SQL in ["a", "b"] { harness.append(Request(id: 1, statements: [text])) }
        harness.receive(.done(Value()), .done(Value()), .sync, .done(Value()), .done(Value()), .sync)
        harness.append(Request(id: 2, statements: ["a"]))
        harness.append(Request(id: 3, statements: ["b"]))
        harness.receive(.failure(changedResultType), .sync)
        harness.append(harness.resent[0])
        harness.receive(.failure(changedResultType), .sync)
        #expect(harness.resent.map(\.id) == [2, 3])
        #expect(harness.state.cache.count == 1 && harness.state.cache.garbage.isEmpty)
    }

    /// After `DEALLOCATE ALL` or `DISCARD ALL`. Fails when only the statement that was asked for is forgotten.
    @Test func statementsThatTheServerLostAreForgottenTogether() {
        var harness = Harness()
        harness.append(Request(id: 1, statements: ["a", "b", "c"]))
        for _ in 0..<6 { harness.receive(.done(Value())) }
        harness.receive(.sync)
        harness.append(Request(id: 2, statements: ["b"]))
        harness.receive(.failure(server("26000")), .sync)
        #expect(harness.resent.map(\.id) == [2])
        #expect(harness.state.cache.count == 0 && harness.state.cache.garbage.isEmpty, "nothing is left to deallocate")
    }

    private let changedResultType = changedResultTypeOfServer()

    @Test func cancellationIsTargeted() {
        var harness = Harness()
        harness.append(Request(id: 1, statements: ["a"]))
        harness.append(Request(id: 2, statements: ["a"]))
        let isItsTurn = harness.state.cancel(2)
        #expect(!isItsTurn)
        harness.receive(.done(Value()), .done(Value()), .sync)
        guard case .cancelNow? = harness.other.last else { return #expect(Bool(false)) }
        harness.receive(.failure(server("57014")), .sync)
        #expect(harness.error(2)?.code == .cancelled)
        let isKnown = harness.state.cancel(9)
        #expect(!isKnown)
    }

    /// Fails when the victim of a cancel request that came late is not sent again.
    @Test func lateCancelDoesNotHurtTheNext() {
        var harness = Harness()
        harness.append(Request(id: 1, statements: ["a"]))
        harness.append(Request(id: 2, statements: ["b"]))
        let isFirst = harness.state.cancel(1)
        #expect(isFirst)
        harness.state.cancelStarted()
        harness.receive(.done(Value()), .done(Value()), .sync)
        #expect(harness.isSuccess(1), "it was faster")
        harness.receive(.done(Value()), .failure(server("57014")), .sync)
        #expect(harness.resent.map(\.id) == [2])
        harness.state.cancelFinished()
    }

    @Test func deathAnswersEverybody() {
        var harness = Harness()
        harness.append(Request(id: 1, statements: ["a"]))
        harness.append(Request(id: 2, statements: ["commit"], transaction: 3, role: .commit))
        harness.apply(harness.state.connectionLost(PostgresError(code: .connectionClosed, message: "gone")))
        #expect(harness.error(1)?.isConnectionFailure == true)
        #expect(harness.error(2)?.message.contains("not known") == true)
        #expect(harness.state.isIdle)
    }

    @Test func answersNobodyWaitsForAreNoticed() {
        var harness = Harness()
        harness.receive(.sync)
        harness.append(Request(id: 1, statements: ["a"]))
        harness.receive(.sync)
        #expect(harness.other.count == 2)
    }

    /// Ten thousand random sessions against a small model of the server: every request is answered exactly once, with what the model
    /// did, and the machine ends idle.
    @Test func randomSessions() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<10_000 {
            let seed = UInt64.random(in: 0 ... .max, using: &random)
            var session = RandomSession(seed: seed)
            session.run()
            #expect(session.problem == nil, "seed \(seed): \(session.problem ?? "")")
            if session.problem != nil { return }
        }
    }
}

/// A tiny xorshift generator, so that a failing session can be run again from its seed.
struct Xorshift: RandomNumberGenerator {
    var state: UInt64
    init(seed: UInt64) { state = seed | 1 }
    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}

/// Sends random requests to the machine and answers them as PostgreSQL would.
private struct RandomSession {
    var random: Xorshift
    var harness = Harness(cacheSize: 3)
    var prepared: Set<String> = []
    var isSkipping = false
    var isInFailedTransaction = false
    var isInTransaction = false
    var queue: [(State.Command, Request?)] = []
    var problem: String?
    var ids: Set<UInt64> = []
    var answered = 0

    init(seed: UInt64) { random = Xorshift(seed: seed) }

    mutating func run() {
        var next: UInt64 = 1
        var transaction: UInt64?
        for _ in 0..<Int.random(in: 1...12, using: &random) {
            let texts: [SQL] = ["good a", "good b", "good c", "good d", "bad"]
            let statements = (0..<Int.random(in: 1...3, using: &random)).map { _ in texts.randomElement(using: &random)! }
            if transaction == nil, Bool.random(using: &random) {
                transaction = next
                send(Request(id: next, statements: ["begin"], transaction: next))
            } else if let open = transaction, Int.random(in: 0..<4, using: &random) == 0 {
                send(Request(id: next, statements: ["rollback"], transaction: open, role: .rollback))
                transaction = nil
            } else {
                send(Request(id: next, statements: statements, transaction: transaction))
            }
            next += 1
            if Bool.random(using: &random) {
                flight()
                answer(limit: Int.random(in: 0...20, using: &random))
            }
        }
        if let transaction { send(Request(id: next, statements: ["rollback"], transaction: transaction, role: .rollback)) }
        flight()
        answer(limit: .max)
        while !harness.resent.isEmpty {
            let request = harness.resent.removeFirst()
            ids.remove(request.id)
            send(request)
            answer(limit: .max)
        }
        if !harness.state.isIdle { problem = problem ?? "not idle" }
        if Set(harness.done.keys) != ids { problem = problem ?? "requests \(ids) answers \(harness.done.keys)" }
    }

    private mutating func send(_ request: Request) {
        ids.insert(request.id)
        var commands: [State.Command] = []
        harness.state.append(request) { commands.append($0) }
        queue += commands.map { ($0, request) }
    }

    private mutating func flight() {
        var commands: [State.Command] = []
        harness.state.finishFlight { commands.append($0) }
        queue += commands.map { ($0, nil) }
    }

    private mutating func answer(limit: Int) {
        for _ in 0..<min(limit, queue.count) {
            let (command, request) = queue.removeFirst()
            let reply: State.Reply
            switch command {
            case .sync:
                isSkipping = false
                reply = .sync
            case _ where isSkipping:
                reply = .aborted
            case .prepare(let name, let index):
                reply = request!.statements[index].text == "bad" ? failed("42601") : success { _ = $0.prepared.insert(name) }
            case .deallocate(let name):
                reply = prepared.contains(name) ? success { _ = $0.prepared.remove(name) } : failed("26000")
            case .run(let name, let index):
                let text = request!.statements[index].text
                if !prepared.contains(name) {
                    reply = failed("26000")
                } else if isInFailedTransaction, text != "rollback" {
                    reply = failed("25P02")
                } else {
                    reply = success { session in
                        if text == "begin" { session.isInTransaction = true }
                        if text == "rollback" {
                            session.isInTransaction = false
                            session.isInFailedTransaction = false
                        }
                    }
                }
            }
            harness.receive(reply)
            if harness.other.contains(where: { if case .violation = $0 { true } else { false } }) { problem = "violation" }
        }
    }

    private mutating func failed(_ state: String) -> State.Reply {
        isSkipping = true
        if isInTransaction { isInFailedTransaction = true }
        return .failure(server(state))
    }

    private mutating func success(_ effect: (inout RandomSession) -> Void) -> State.Reply {
        effect(&self)
        return .done(Value())
    }
}
