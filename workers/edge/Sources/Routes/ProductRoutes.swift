import Millrace
import Topics

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Products: adding them, looking at them, and setting their stock.
struct ProductRoutes: Sendable {
    let db: PostgresClient
    let commands: CommandSender

    func add(to router: Router<HTTPContext>) {
        router.post("/products", use: create)
        router.get("/products", use: list)
        router.get("/products/{id}", use: show)
        router.put("/products/{id}/inventory", use: setInventory)
    }

    @Sendable
    private func create(_ request: Request, _ context: HTTPContext) async throws -> Response {
        let receivedAt = Date.now
        let product = try JSONReader.read(await JSONBody.read(request)) { body in
            AddProduct(
                productID: body.identifier("productId"), name: body.member("name").text(length: 1...200),
                priceCents: body.integer("priceCents", in: 0...1_000_000_000))
        }
        let uri = "/products/\(product.productID.percentEncoded)"
        let draft = CommandSender.Draft(
            id: .v7(), subject: ("productId", product.productID, uri), receivedAt: receivedAt)
        return try await commands.accept(product, draft, request) { _ in
            Response.json(.created, headers: [.location: uri]) { json in
                json.string("productId", product.productID)
                json.string("name", product.name)
                json.integer("priceCents", product.priceCents)
            }
        }
    }

    /// Whether there is such a product, its owner decides: the read model here may not know yet what was just added.
    @Sendable
    private func setInventory(_ request: Request, _ context: HTTPContext) async throws -> Response {
        let receivedAt = Date.now
        let id = try Identifier.parameter("id", context, "There is no such product")
        let quantity = try JSONReader.read(await JSONBody.read(request)) { $0.integer("quantity", in: 0...1_000_000_000) }
        let uri = "/products/\(id.percentEncoded)"
        let draft = CommandSender.Draft(id: .v7(), subject: ("productId", id, uri), receivedAt: receivedAt)
        return try await commands.accept(SetInventory(productID: id, quantity: quantity), draft, request) { result in
            Response.json { json in
                json.string("productId", id)
                if case .stock(let available) = result { json.integer("available", available) }
            }
        }
    }

    @Sendable
    private func show(_ request: Request, _ context: HTTPContext) async throws -> Response {
        let id = try Identifier.parameter("id", context, "There is no such product")
        let row = try await db.queryOne(ProductRow.select + "AND product_id = \(id)", as: ProductRow.self)
        guard let row else { throw Problem.notFound("There is no such product") }
        return Response.json { row.write(to: &$0) }
    }

    @Sendable
    private func list(_ request: Request, _ context: HTTPContext) async throws -> Response {
        let page = try PageRequest(request, keyParts: 1)
        var query = ProductRow.select
        if let after = page.after { query = query + "AND product_id > \(after[0]) " }
        let rows = try await db.query(query + "ORDER BY product_id LIMIT \(page.limit + 1)", as: ProductRow.self)
        return Page(rows, page) { [$0.productID] }.response { row, json in row.write(to: &json) }
    }
}

private struct ProductRow: Decodable, Sendable {
    var productID: String
    var name: String
    var priceCents: Int
    var available: Int

    static var select: SQL { "SELECT product_id, name, price_cents, available FROM products WHERE name IS NOT NULL " }

    func write(to json: inout JSONObjectWriter) {
        json.string("productId", productID)
        json.string("name", name)
        json.integer("priceCents", priceCents)
        json.integer("available", available)
    }
}
