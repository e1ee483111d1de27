/// The products that a file's orders are about, and how many of each are put in stock.
package struct Catalogue: Sendable, Equatable {
    package struct Product: Sendable, Equatable {
        package var id: String
        package var priceCents: Int
        package var stock: Int
    }

    package var products: [Product]

    /// Works out the products. A product that was ordered often gets 95 % of what is ordered of it, so that some orders
    /// come too late (about 6 % of the CDNOW file); every other gets all of it.
    package init(_ orders: [FileOrder]) {
        var demand: [Int: (quantity: Int, orders: Int)] = [:]
        for order in orders {
            demand[order.unitPriceCents, default: (0, 0)].quantity += order.quantity
            demand[order.unitPriceCents, default: (0, 0)].orders += 1
        }
        products = demand.sorted { $0.key < $1.key }.map { price, sum in
            let stock = sum.orders >= 5 ? sum.quantity * 95 / 100 : sum.quantity
            return Product(id: "cd-\(price)", priceCents: price, stock: stock)
        }
    }

    /// The payment token of the n-th order: one in 150 is one that a bank refuses.
    package static func token(of index: Int) -> String {
        guard index % 150 == 149 else { return "tok_ok" }
        return ["tok_declined", "tok_insufficient_funds", "tok_expired"][index / 150 % 3]
    }
}
