import Millrace
import Topics

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Shipments, one per order; a repeated command gets the first answer again.
enum Shipments {
    static func create(_ command: CreateShipment, _ context: MessageContext) async throws -> any Event {
        let id = UUID.v7()
        let items = try ContractJSON.encode(command.items)
        let created: SQL = """
            WITH created AS (
                INSERT INTO shipments (shipment_id, order_id, customer_id, items, status)
                VALUES (\(id), \(command.orderID), \(command.customerID), \(PostgresJSON(bytes: items)),
                    \(command.items.isEmpty ? "refused" : "created"))
                ON CONFLICT (order_id) DO NOTHING
                RETURNING shipment_id, status
            )
            """
        if context.mayAssume, !command.items.isEmpty {
            // Nearly always this is the first that is heard of the order.
            context.db.enqueue(created + " SELECT CASE WHEN count(*) = 0 THEN \(MessageContext.refusal) END FROM created")
            return ShipmentCreated(shipmentID: id, orderID: command.orderID)
        }
        let shipment = try await context.db.queryOne(
            created + """
                 SELECT shipment_id, status FROM created
                UNION ALL
                SELECT shipment_id, status FROM shipments
                WHERE order_id = \(command.orderID) AND NOT EXISTS (SELECT FROM created)
                """,
            as: Shipment.self)
        switch shipment?.status {
        case "created": return ShipmentCreated(shipmentID: shipment?.shipmentID ?? .v7(), orderID: command.orderID)
        case "cancelled": return ShipmentRefused(orderID: command.orderID, reason: "the shipment was cancelled")
        default: return ShipmentRefused(orderID: command.orderID, reason: "there is nothing to ship")
        }
    }

    static func cancel(_ command: CancelShipment, in db: some PostgresExecutor) async throws -> ShipmentCancelled {
        try await db.execute(
            """
            INSERT INTO shipments AS s (shipment_id, order_id, items, status, cancelled_at)
            VALUES (\(UUID.v7()), \(command.orderID), '[]', 'cancelled', now())
            ON CONFLICT (order_id) DO UPDATE SET status = 'cancelled', cancelled_at = now() WHERE s.status = 'created'
            """)
        return ShipmentCancelled(orderID: command.orderID)
    }

    /// How many shipments are on their way, and how many orders have more than one.
    static func counts(_ db: any PostgresExecutor) async throws -> [String: Int] {
        try await db.queryOne(
            """
            SELECT count(*) FILTER (WHERE status = 'created') AS "shipments.active",
                count(*) - count(DISTINCT order_id) AS duplicates
            FROM shipments
            """,
            as: [String: Int].self) ?? [:]
    }

    private struct Shipment: Decodable, Sendable {
        var shipmentID: UUID
        var status: String
    }
}
