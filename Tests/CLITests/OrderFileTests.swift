import Testing
import millrace_cli

@Suite("Order files") struct OrderFileTests {
    @Test("columns are found by name; the unit price names the product")
    func reads() throws {
        let orders = try OrderFile.parse("customer,date,quantity,amount\n1,1997-01-01,2,29.33\n7,1997-01-02,1,0\n")
        #expect(
            orders == [
                FileOrder(customer: "1", quantity: 2, unitPriceCents: 1467), FileOrder(customer: "7", quantity: 1, unitPriceCents: 0),
            ])
        #expect(orders[0].product == "cd-1467")
    }

    @Test("line ends of Windows, a byte order mark, quotes, other columns and blank lines do no harm")
    func tolerant() throws {
        let orders = try OrderFile.parse("\u{FEFF}amount,note,customer,quantity\r\n\"12.50\",x,\"c 1\",1\r\n\r\n3.1,y,c2,1\r\n")
        #expect(orders.map(\.unitPriceCents) == [1250, 310])
        #expect(orders.map(\.customer) == ["c 1", "c2"])
    }

    @Test("half a cent rounds up, and no binary fraction is involved")
    func rounding() throws {
        #expect(try OrderFile.parse("customer,quantity,amount\n1,2,0.05").first?.unitPriceCents == 3)
        #expect(try OrderFile.parse("customer,quantity,amount\n1,40,200.57").first?.unitPriceCents == 501)
    }

    @Test(
        "what is wrong is named with its line",
        arguments: [
            ("", "empty"),
            ("customer,quantity\n", "amount"),
            ("customer,quantity,amount\n1,2", "line 2"),
            ("customer,quantity,amount\n1,2,3\n1,0,3", "line 3"),
            ("customer,quantity,amount\n1,-1,3", "quantity"),
            ("customer,quantity,amount\n1,1,-3", "amount"),
            ("customer,quantity,amount\n1,1,1e3", "amount"),
            ("customer,quantity,amount\n1,1,1.234", "amount"),
            ("customer,quantity,amount\n1,1,99999999999", "amount"),
            ("customer,quantity,amount\n,1,1", "customer"),
            ("customer,quantity,amount\n1,१,1", "quantity"),
        ])
    func wrong(text: String, part: String) throws {
        let error = #expect(throws: UsageFailure.self) { try OrderFile.parse(text) }
        #expect(error?.description.contains(part) == true, "\(error?.description ?? "")")
    }

    @Test("a limit stops early, even before a broken line")
    func limit() throws {
        #expect(try OrderFile.parse("customer,quantity,amount\n1,1,1\nbroken", limit: 1).count == 1)
    }

    @Test("the whole file of the project: 6,919 orders, 1,210 prices in whole cents, 8 for nothing, and a visible share without stock")
    func cdnow() throws {
        let orders = try OrderFile.read(Fixture.project + "/data/cdnow-orders.csv")
        #expect(orders.count == 6919)
        #expect(orders.filter { $0.unitPriceCents == 0 }.count == 8)
        let catalogue = Catalogue(orders)
        #expect(catalogue.products.count == 1210)
        var stock = Dictionary(uniqueKeysWithValues: catalogue.products.map { ($0.id, $0.stock) })
        var short = 0
        for order in orders {
            if (stock[order.product] ?? 0) >= order.quantity { stock[order.product, default: 0] -= order.quantity } else { short += 1 }
        }
        #expect((0.03...0.08).contains(Double(short) / Double(orders.count)))
        let refused = orders.indices.filter { Catalogue.token(of: $0) != "tok_ok" }.count
        #expect(refused == 46)
    }
}
