import Millrace
import Topics

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A command that has come to its end, with what a client that waits for it is told.
struct EndedCommand: Decodable, Sendable {
    var id: UUID
    var type: String
    var status: String
    var failure: String?
    var reason: String?
    var totalCents: Int?
    var available: Int?

    /// Those of the commands that have ended.
    static func of(_ commands: [UUID]) -> SQL {
        """
        SELECT c.id, c.type, c.status, c.failure, c.reason, o.total_cents, p.available
        FROM commands c
        LEFT JOIN orders o ON o.order_id = CASE WHEN c.type = \(PlaceOrder.type) THEN c.subject::uuid END
        LEFT JOIN products p ON p.product_id = CASE WHEN c.type <> \(PlaceOrder.type) THEN c.subject END
        WHERE c.id = ANY(\(commands)) AND c.status <> 'accepted'
        """
    }

    /// Nil for a type of command that this edge does not know.
    var outcome: CommandOutcome? {
        if status == "failed" {
            return .failed(failure.flatMap(CommandOutcome.Failure.init) ?? .orderRejected, reason: reason ?? "")
        }
        switch type {
        case PlaceOrder.type: return .succeeded(.order(totalCents: totalCents ?? 0))
        case AddProduct.type: return .succeeded(.product)
        case SetInventory.type: return .succeeded(.stock(available: available ?? 0))
        default: return nil
        }
    }
}
