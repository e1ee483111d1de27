import Millrace

/// The body of `POST /orders`.
struct NewOrder: Sendable, Equatable {
    /// One line.
    struct Item: Sendable, Equatable {
        var productID: String
        var quantity: Int
    }

    var customerID: String
    var items: [Item]
    var paymentToken: String?

    /// - Throws: `JSONProblems` that names everything that is wrong.
    init(_ body: JSONValue) throws {
        self = try JSONReader.read(body) { order in
            NewOrder(
                customerID: order.identifier("customerId"),
                items: order.array("items", count: 1...100) { item in
                    Item(productID: item.identifier("productId"), quantity: item.integer("quantity", in: 1...1000))
                },
                paymentToken: order.optional("paymentToken") { $0.text(length: 1...200) })
        }
    }

    init(customerID: String, items: [Item], paymentToken: String?) {
        self.customerID = customerID
        self.items = items
        self.paymentToken = paymentToken
    }
}
