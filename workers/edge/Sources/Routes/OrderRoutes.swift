import Millrace
import Topics

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Orders: placing them, and looking at them.
struct OrderRoutes: Sendable {
    let db: PostgresClient
    let commands: CommandSender
    let prices: PriceList

    func add(to router: Router<HTTPContext>) {
        router.post("/orders", use: place)
        router.get("/orders/{id}", use: show)
        router.get("/customers/{id}/orders", use: list)
    }

    /// Places an order. The order has the id of the command that places it, so that either can be found by the other before
    /// the order exists.
    @Sendable
    private func place(_ request: Request, _ context: HTTPContext) async throws -> Response {
        let receivedAt = Date.now
        let order = try NewOrder(await JSONBody.read(request))
        let unitPrices = try await prices.prices(of: order.items.map(\.productID))
        let items = try price(order.items, unitPrices)

        let id = UUID.v7()
        let command = PlaceOrder(
            orderID: id, customerID: order.customerID, items: items, paymentToken: order.paymentToken)
        let uri = "/orders/\(id.lowercased)"
        let draft = CommandSender.Draft(id: id, subject: ("orderId", id.lowercased, uri), receivedAt: receivedAt)
        return try await commands.accept(command, draft, request) { result in
            Response.json(.created, headers: [.location: uri]) { json in
                json.uuid("orderId", id)
                json.uuid("commandId", id)
                json.string("status", "confirmed")
                if case .order(let totalCents) = result { json.integer("totalCents", totalCents) }
                json.object("links") { links in
                    links.string("command", draft.uri)
                    links.string("subject", uri)
                }
            }
        }
    }

    private func price(_ items: [NewOrder.Item], _ prices: [String: Int]) throws -> [OrderItem] {
        var unknown: [Problem.Detail] = []
        var priced: [OrderItem] = []
        for (index, item) in items.enumerated() {
            if let price = prices[item.productID] {
                priced.append(OrderItem(productID: item.productID, quantity: item.quantity, unitPriceCents: price))
            } else {
                unknown.append(.init(pointer: "/items/\(index)/productId", detail: "is not a known product"))
            }
        }
        guard unknown.isEmpty else { throw Problem.invalid(unknown) }
        return priced
    }

    @Sendable
    private func show(_ request: Request, _ context: HTTPContext) async throws -> Response {
        let id = try Identifier.id(context, "There is no such order")
        if let order = try await db.queryOne(OrderRow.select + "WHERE order_id = \(id)", as: OrderRow.self) {
            return Response.json { order.write(to: &$0) }
        }
        // Accepted, and not yet seen by the worker that owns orders.
        let isAccepted = try await !db.execute("SELECT FROM commands WHERE id = \(id) AND type = \(PlaceOrder.type)").isEmpty
        guard isAccepted else { throw Problem.notFound("There is no such order") }
        return Response.json { json in
            json.uuid("orderId", id)
            json.string("status", "accepted")
        }
    }

    @Sendable
    private func list(_ request: Request, _ context: HTTPContext) async throws -> Response {
        let customer = try Identifier.parameter("id", context, "There is no such customer")
        let page = try PageRequest(request, keyParts: 1)
        var query: SQL = OrderRow.select + "WHERE customer_id = \(customer) "
        if let after = page.after {
            guard let last = UUID(uuidString: after[0]) else {
                throw Problem.badRequest("after must be a cursor that an earlier page has returned")
            }
            query = query + "AND order_id < \(last) "
        }
        query = query + "ORDER BY order_id DESC LIMIT \(page.limit + 1)"
        let rows = try await db.query(query, as: OrderRow.self)
        return Page(rows, page) { [$0.orderID.lowercased] }.response { row, json in row.write(to: &json) }
    }
}

/// A row of the orders' read model.
struct OrderRow: Decodable, Sendable {
    var orderID: UUID
    var customerID: String
    var status: String
    /// JSON, as the event had it.
    var items: String
    var totalCents: Int
    var reason: String?
    var createdAt: Date
    var updatedAt: Date

    static var select: SQL {
        """
        SELECT order_id, customer_id, status, items::text AS items, total_cents, reason, created_at, updated_at
        FROM orders\u{20}
        """
    }

    func write(to json: inout JSONObjectWriter) {
        json.uuid("orderId", orderID)
        json.string("customerId", customerID)
        json.string("status", status)
        json.raw("items", Array(items.utf8))
        json.integer("totalCents", totalCents)
        if let reason { json.string("reason", reason) }
        json.date("createdAt", createdAt)
        json.date("updatedAt", updatedAt)
    }
}
