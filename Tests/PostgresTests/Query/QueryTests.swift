import Postgres
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("Query builder: against PostgreSQL")
struct QueryTests {
    private func withProducts(
        _ count: Int, _ body: @Sendable (PostgresClient) async throws -> Void
    ) async throws {
        try await TestSchema.with { (client, _) async throws in
            try await client.execute(Product.definition)
            try await client.insert((0..<count).map { Product.number($0) }).run()
            try await body(client)
        }
    }

    @Test("rows come back as they were written")
    func roundTrip() async throws {
        try await TestSchema.with { (client, _) async throws in
            try await client.execute(Product.definition)
            let rows = [Product.number(1, note: "größer 円"), Product.number(2, status: .retired)]
            #expect(try await client.insert(rows).run() == 2)
            #expect(try await client.select(Product.self).order(by: \.available).all() == rows)
            #expect(try await client.select(Product.self).where(\.id == rows[1].id).first() == rows[1])
            #expect(try await client.select(Product.self).where(\.name == "none").first() == nil)
        }
    }

    @Test("conditions select what they say")
    func conditions() async throws {
        try await withProducts(10) { (client) async throws in
            let products = client.select(Product.self)
            #expect(try await products.count() == 10)
            #expect(try await products.where(\.categoryID == 1).count() == 3)
            #expect(try await products.where(\.categoryID == 1 && \.available > 1).count() == 2)
            #expect(try await products.where(\.available < 2 || \.available >= 8).count() == 4)
            #expect(try await products.where(!(\.available <= 8)).count() == 1)
            #expect(try await products.where(\.note == nil).count() == 10)
            #expect(try await products.where(\.note != "x").count() == 10)
            #expect(try await products.where(.in(\.available, [1, 3, 99])).count() == 2)
            #expect(try await products.where(.in(\.available, [])).count() == 0)
            #expect(try await products.where(.in(\.status, [.active])).exists())
            #expect(try await !products.where(.in(\.status, [.retired])).exists())
            #expect(try await products.where(.like(\.name, "%duct 7")).all().map(\.available) == [7])
            #expect(try await products.where(.sql("t.tags @> \(["t4"])")).all().map(\.available) == [4])
        }
    }

    @Test("pages after a row meet every row once, whichever way the columns run, also with equal values")
    func pages() async throws {
        try await withProducts(20) { (client) async throws in
            let uniform = client.select(Product.self).order(by: \.categoryID).order(by: \.id).limit(3)
            let mixed = client.select(Product.self).order(by: \.categoryID, .descending).order(by: \.id).limit(3)
            for query in [uniform, mixed] {
                var seen: [Product] = []
                while true {
                    let page = try await (seen.last.map { query.after($0) } ?? query).all()
                    if page.isEmpty { break }
                    seen += page
                    try #require(seen.count <= 20)
                }
                #expect(Set(seen.map(\.id)).count == 20)
                #expect(try await query.limit(20).all() == seen)
            }
            let last = try #require(try await uniform.first())
            #expect(try await uniform.after(values: last.categoryID, last.id).all() == uniform.after(last).all())
        }
    }

    @Test("upserts update, add, and leave newer rows alone")
    func upserts() async throws {
        try await withProducts(1) { (client) async throws in
            var product = Product.number(0)
            product.available = 5
            #expect(try await client.upsert(product, on: \.id).run() == 1)
            #expect(try await client.select(Product.self).first()?.available == 5)

            product.name = "not written"
            try await client.upsert(product, on: \.id).adding(\.available).run()
            let added = try await client.select(Product.self).first()
            #expect(added?.available == 10)
            #expect(added?.name == "product 0")

            product.changedAt -= 60
            #expect(try await client.upsert(product, on: \.id).whenNewer(by: \.changedAt).run() == 0)
            product.changedAt += 120
            #expect(try await client.upsert(product, on: \.id).whenNewer(by: \.changedAt).run() == 1)
            #expect(try await client.insertIfAbsent([product, .number(1)], on: \.id).run() == 1)
            #expect(try await client.insertIfAbsent(product).returning().isEmpty)
        }
    }

    @Test("updates and deletes touch what the condition says, and tell how many")
    func changes() async throws {
        try await withProducts(6) { (client) async throws in
            let taken = try await client.update(Product.self).increment(\.available, by: -3).set(\.note, to: "taken")
                .where(\.available >= 3).returning()
            #expect(taken.map(\.available).sorted() == [0, 1, 2])
            #expect(try await client.update(Product.self).set(\.status, to: .retired).everyRow().run() == 6)
            #expect(try await client.delete(Product.self).where(\.note == "taken").run() == 3)
            #expect(try await client.select(Product.self).count() == 3)
        }
    }

    @Test("a large insert that is split succeeds or fails as a whole")
    func largeInsert() async throws {
        try await TestSchema.with { (client, _) async throws in
            try await client.execute(Product.definition)
            var rows = (0..<7_000).map { Product.number($0) }
            #expect(try await client.insert(rows).run() == 7_000)
            try await client.delete(Product.self).everyRow().run()
            rows[6_999].available = -1
            await #expect(throws: PostgresError.self) { try await client.insert(rows).run() }
            #expect(try await client.select(Product.self).count() == 0)
        }
    }

    @Test("rows are locked within a transaction")
    func locks() async throws {
        try await withProducts(2) { (client) async throws in
            try await client.withTransaction { first in
                let locked = try await first.select(Product.self).where(\.available == 0).locked().all()
                #expect(locked.count == 1)
                let others = try await client.withTransaction { second in
                    try await second.select(Product.self).locked(.forUpdateSkippingLocked).all()
                }
                #expect(others.map(\.available) == [1])
            }
        }
    }

    @Test(
        "mistakes are errors of code usage that say what is wrong, and nothing is sent",
        arguments: [
            (NoDatabase().select(Product.self).where(\.isCheap == true).statement, "not a column"),
            (NoDatabase().select(Product.self).order(by: \.isCheap).statement, "not a column"),
            (NoDatabase().select(Product.self).limit(-1).statement, "negative"),
            (NoDatabase().select(Product.self).after(Product.number(1)).statement, "order"),
            (NoDatabase().select(Product.self).order(by: \.note).after(Product.number(1)).statement, "NULL"),
            (NoDatabase().select(Product.self).order(by: \.id).after(values: "x").statement, "not uuid"),
            (NoDatabase().select(Product.self).order(by: \.id).after(values: UUID(), 1).statement, "2 values"),
            (NoDatabase().update(Product.self).where(\.available == 1).statement, "sets no column"),
            (NoDatabase().update(Product.self).set(\.available, to: 1).statement, "everyRow"),
            (NoDatabase().delete(Product.self).statement, "everyRow"),
            (NoDatabase().upsert(Product.number(1), on: \.isCheap).statements[0], "not a column"),
        ])
    func mistakes(statement: SQL, message: String) async throws {
        try await TestSchema.with { (client, _) async throws in
            // The table does not exist: a statement that were sent would fail differently.
            let error = await #expect(throws: PostgresError.self) { try await client.execute(statement) }
            #expect(error?.code == .usage)
            #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
        }
    }
}
