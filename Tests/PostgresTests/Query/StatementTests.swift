import Postgres
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("Query builder: statements")
struct StatementTests {
    private let db = NoDatabase()
    private let selected = """
        SELECT "id", "category_id", "name", "note", "status", "available", "price_cents", "tags", "dimensions", "changed_at" \
        FROM "product" AS t
        """

    @Test("values are parameters, never text")
    func values() {
        let sql = db.select(Product.self).where(\.name == "'; DROP TABLE product; --" && \.available > 3).limit(2).statement
        #expect(sql.text == selected + " WHERE (t.\"name\" = $1 AND t.\"available\" > $2) LIMIT $3")
        #expect(sql.parameterCount == 3)
    }

    @Test("conditions nest, several where() are joined")
    func conditions() {
        let sql = db.select(Product.self)
            .where(\.status == .active || !(.in(\.categoryID, [1, 2])))
            .where(.like(\.name, "a%", ignoringCase: true) && \.note != "x")
            .order(by: \.changedAt, .descending).order(by: \.id).statement
        #expect(
            sql.text == selected + " WHERE ((t.\"status\" = $1 OR (NOT t.\"category_id\" = ANY($2)))"
                + " AND (t.\"name\" ILIKE $3 AND t.\"note\" IS DISTINCT FROM $4))"
                + " ORDER BY t.\"changed_at\" DESC, t.\"id\"")
    }

    @Test("nil compares as IS NULL")
    func null() {
        #expect(db.select(Product.self).where(\.note == nil).statement.text == selected + " WHERE t.\"note\" IS NULL")
        #expect(db.select(Product.self).where(\.note != nil).statement.text == selected + " WHERE t.\"note\" IS NOT NULL")
        #expect(db.select(Product.self).where(.isNull(\.note)).statement.text == selected + " WHERE t.\"note\" IS NULL")
    }

    @Test("a page after a row: one comparison of rows when all columns run the same way, spelt out otherwise")
    func pages() {
        let row = Product.number(1)
        let uniform = db.select(Product.self).order(by: \.name).order(by: \.id).after(row).statement
        #expect(
            uniform.text == selected + " WHERE (t.\"name\", t.\"id\") > ($1, $2) ORDER BY t.\"name\", t.\"id\"")
        let descending = db.select(Product.self).order(by: \.id, .descending).after(values: row.id).statement
        #expect(descending.text == selected + " WHERE (t.\"id\") < ($1) ORDER BY t.\"id\" DESC")
        let mixed = db.select(Product.self).order(by: \.name, .descending).order(by: \.id).after(row).statement
        #expect(
            mixed.text == selected + " WHERE ((t.\"name\" < $1) OR (t.\"name\" = $2 AND t.\"id\" > $3))"
                + " ORDER BY t.\"name\" DESC, t.\"id\"")
    }

    @Test("inserts of many rows are one statement; upserts update all but the key, or what is asked for")
    func inserts() {
        let rows = [Product.number(1), Product.number(2)]
        let insert = db.insert(rows).statements
        #expect(insert.count == 1)
        #expect(insert[0].parameterCount == 20)
        #expect(insert[0].text.hasSuffix("), ($11, $12, $13, $14, $15, $16, $17, $18, $19, $20)"))
        #expect(db.insert([Product]()).statements.isEmpty)

        let all = db.upsert(rows[0], on: \.id).statements[0].text
        #expect(all.contains(" ON CONFLICT (\"id\") DO UPDATE SET \"category_id\" = excluded.\"category_id\", "))
        let some = db.upsert(rows[0], on: \.id, \.name).updating(\.note).adding(\.available).setting(\.status, to: .retired)
            .whenNewer(by: \.changedAt).where(\.status == .active).statements[0].text
        #expect(
            some.hasSuffix(
                " ON CONFLICT (\"id\", \"name\") DO UPDATE SET \"note\" = excluded.\"note\", "
                    + "\"available\" = t.\"available\" + excluded.\"available\", \"status\" = $11"
                    + " WHERE excluded.\"changed_at\" > t.\"changed_at\" AND t.\"status\" = $12"))
        #expect(db.insertIfAbsent(rows[0]).statements[0].text.hasSuffix(" ON CONFLICT DO NOTHING"))
    }

    @Test("so many rows that one statement cannot hold their parameters are split")
    func split() {
        let statements = db.insert((0..<7_000).map { Product.number($0) }).statements
        #expect(statements.count == 2)
        #expect(statements.allSatisfy { $0.parameterCount < 65_535 })
        #expect(statements.reduce(0) { $0 + $1.parameterCount } == 70_000)
    }

    @Test("update and delete")
    func changes() {
        #expect(
            db.update(Product.self).set(\.note, to: nil).increment(\.available, by: -2).where(\.available >= 2).statement.text
                == "UPDATE \"product\" AS t SET \"note\" = $1, \"available\" = t.\"available\" + $2 WHERE t.\"available\" >= $3")
        #expect(db.delete(Product.self).where(\.name < "m").statement.text == "DELETE FROM \"product\" AS t WHERE t.\"name\" < $1")
        #expect(db.delete(Product.self).everyRow().statement.text == "DELETE FROM \"product\" AS t")
    }

    @Test("the operators leave Foundation's predicates and plain comparisons alone")
    func operators() throws {
        let predicate = #Predicate<Product> { $0.available > 3 && $0.name == "product 4" || !($0.note == nil) }
        #expect(try predicate.evaluate(.number(4)))
        #expect(try !predicate.evaluate(.number(3)))
        let filtered = [Product.number(1), .number(2)].filter { $0.available >= 2 && $0.note == nil }
        #expect(filtered.count == 1)
        let name: PartialKeyPath<Product> = \.name
        let isSame: Bool = name == \Product.name
        #expect(isSame)
    }

    @Test("text is escaped for LIKE")
    func escaping() {
        #expect(Condition<Product>.escaped(#"50%_\"#) == #"50\%\_\\"#)
    }
}
