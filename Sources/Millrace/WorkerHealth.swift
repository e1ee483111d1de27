package import Edge
package import Hummingbird
import Locking

/// Whether a worker is ready to serve, and if not, why not.
///
/// A worker is *live* while its process answers at all. It is *ready* when its database answers, its queue is consumed,
/// HTTP listens and no shutdown has begun.
public final class WorkerHealth: Sendable {
    private struct State {
        var port = 0
        var isDraining = false
    }

    private let state = Locked(State())
    private let drainActions = Locked<[@Sendable () -> Void]>([])
    private let checks = Locked<[(name: String, check: @Sendable () async -> String?)]>([])

    package init() {}

    /// Whether a shutdown has begun.
    public var isDraining: Bool { state.withLock { $0.isDraining } }

    /// Adds a check of the worker's own to `GET /health/ready`.
    /// - Parameters:
    ///   - name: a member of the answer.
    ///   - check: returns nil when all is well, else what is wrong. It must answer within a second.
    public func add(_ name: String, _ check: @escaping @Sendable () async -> String?) {
        checks.withLock { $0.append((name, check)) }
    }

    /// Does something when a shutdown begins, before anything is stopped: to end waits, for example. It must not block.
    public func onDrain(_ body: @escaping @Sendable () -> Void) {
        drainActions.withLock { $0.append(body) }
    }

    /// The port that HTTP listens at; 0 before it does.
    public var port: Int { state.withLock { $0.port } }

    package func listening(port: Int) { state.withLock { $0.port = port } }

    /// - Returns: whether this is the first call.
    @discardableResult
    package func beginDraining() -> Bool {
        let isFirst = state.withLock { state in
            defer { state.isDraining = true }
            return !state.isDraining
        }
        if isFirst {
            for action in drainActions.withLock({ $0 }) { action() }
        }
        return isFirst
    }

    /// All checks, each with what stands against being ready; nil when nothing does.
    public func problems() async -> [(name: String, problem: String?)] {
        var results: [(name: String, problem: String?)] = []
        let (port, isDraining) = state.withLock { ($0.port, $0.isDraining) }
        results.append(("http", port > 0 ? nil : "does not listen yet"))
        results.append(("lifecycle", isDraining ? "is shutting down" : nil))
        for (name, check) in checks.withLock({ $0 }) { results.append((name, await check())) }
        return results
    }

    package func addRoutes(to router: Router<HTTPContext>, worker: String) {
        router.get("/health/live") { _, _ in
            Response.json { json in
                json.string("status", "live")
                json.string("worker", worker)
            }
        }
        router.get("/health/ready") { _, _ in
            let results = await self.problems()
            let isReady = results.allSatisfy { $0.problem == nil }
            return Response.json(isReady ? .ok : .serviceUnavailable, headers: [.cacheControl: "no-store"]) { json in
                json.string("status", isReady ? "ready" : "unready")
                json.string("worker", worker)
                json.object("checks") { checks in
                    for result in results { checks.string(result.name, result.problem ?? "ok") }
                }
            }
        }
    }
}
