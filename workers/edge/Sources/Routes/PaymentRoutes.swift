import Millrace

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Payments, to look at.
struct PaymentRoutes: Sendable {
    let db: PostgresClient

    func add(to router: Router<HTTPContext>) {
        router.get("/payments/{id}", use: show)
    }

    @Sendable
    private func show(_ request: Request, _ context: HTTPContext) async throws -> Response {
        let id = try Identifier.id(context, "There is no such payment")
        let row = try await db.queryOne(
            "SELECT order_id, amount_cents, status, reason, updated_at FROM payments WHERE payment_id = \(id)", as: Row.self)
        guard let row else { throw Problem.notFound("There is no such payment") }
        return Response.json { json in
            json.uuid("paymentId", id)
            json.uuid("orderId", row.orderID)
            json.integer("amountCents", row.amountCents)
            json.string("status", row.status)
            if let reason = row.reason { json.string("reason", reason) }
            json.date("updatedAt", row.updatedAt)
        }
    }

    private struct Row: Decodable, Sendable {
        var orderID: UUID
        var amountCents: Int
        var status: String
        var reason: String?
        var updatedAt: Date
    }
}
