import Millrace
import Topics

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Commands: what has become of them.
struct CommandRoutes: Sendable {
    let db: PostgresClient

    func add(to router: Router<HTTPContext>) {
        router.get("/commands/{id}", use: show)
    }

    @Sendable
    private func show(_ request: Request, _ context: HTTPContext) async throws -> Response {
        let id = try Identifier.id(context, "There is no such command")
        let row = try await db.queryOne(
            """
            SELECT type, subject, status, failure, reason, accepted_at, finished_at FROM commands WHERE id = \(id)
            """,
            as: Row.self)
        guard let row else { throw Problem.notFound("There is no such command") }
        return Response.json(headers: [.cacheControl: row.status == "accepted" ? "no-store" : "private"]) { json in
            json.uuid("commandId", id)
            json.string("type", row.type)
            json.string(row.type == PlaceOrder.type ? "orderId" : "productId", row.subject)
            json.string("status", row.status)
            json.date("acceptedAt", row.acceptedAt)
            json.date("finishedAt", row.finishedAt)
            if let failure = row.failure.flatMap(CommandOutcome.Failure.init) {
                json.raw("problem", failure.problem(row.reason, command: "/commands/\(id.lowercased)").body)
            }
            json.object("links") { links in
                links.string("self", "/commands/\(id.lowercased)")
                if row.type == PlaceOrder.type { links.string("order", "/orders/\(row.subject)") }
            }
        }
    }

    private struct Row: Decodable, Sendable {
        var type: String
        var subject: String
        var status: String
        var failure: String?
        var reason: String?
        var acceptedAt: Date
        var finishedAt: Date?
    }
}
