import Foundation
import Postgres
import TestSupport
import Testing

private let database = SuiteDatabase("codec")

private enum Color: String, Codable, PostgresCodable, PostgresArrayElement { case red, green }
private enum Level: Int, Codable { case low = 1, high = 2 }

@Suite(.timeLimit(.minutes(5))) struct RoundTripTests {
    /// Sends each value and reads it back; the server also compares it with its own literal where one is given.
    private func check<T: PostgresCodable & Equatable & PostgresArrayElement>(_ values: [T]) async throws {
        try await database.connect { (connection) async throws in
            for value in values {
                let row = try await connection.execute("select \(value), \(value) is null")[0]
                let (back, isNull) = try row.decode(T.self, Bool.self)
                #expect(back == value && !isNull)
                let optional = try row.decode(T?.self, at: 0)
                #expect(optional == value)
            }
            let null = try await connection.execute("select \(nil as T?)")[0]
            #expect(try null.decode(T?.self, at: 0) == nil)
            #expect(throws: PostgresError.self) { try null.decode(T.self, at: 0) }
            let all = try await connection.execute("select \(values), \([] as [T]), \(values.map { $0 as T? } + [nil])")[0]
            let (array, empty, holes) = try all.decode([T].self, [T].self, [T?].self)
            #expect(array == values && empty.isEmpty && holes == values.map { $0 as T? } + [nil])
            #expect(throws: PostgresError.self) { try all.decode([T].self, at: 2) }
        }
    }

    @Test func booleans() async throws { try await check([true, false]) }
    @Test func int16() async throws { try await check([Int16.min, -1, 0, .max]) }
    @Test func int32() async throws { try await check([Int32.min, -1, 0, .max]) }
    @Test func int64() async throws { try await check([Int64.min, -1, 0, .max]) }
    @Test func int() async throws { try await check([Int.min, -1, 0, .max]) }
    @Test func doubles() async throws {
        try await check([0.1, -Double.greatestFiniteMagnitude, .leastNonzeroMagnitude, .infinity, -.infinity])
    }
    @Test func floats() async throws { try await check([Float(0.1), -.greatestFiniteMagnitude, .leastNonzeroMagnitude, .infinity]) }
    @Test func strings() async throws {
        try await check(["", "a", "'\"\\$1", "äöü 🐘 \u{1F468}\u{200D}\u{1F469}", String(repeating: "x", count: 100_000)])
    }
    @Test func uuids() async throws {
        try await check([UUID(), UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))])
    }
    @Test func bytes() async throws { try await check([[] as [UInt8], [0], Array(0...255)]) }
    @Test func json() async throws {
        try await check([PostgresJSON("{\"a\": [1, null, \"ü\"]}"), PostgresJSON("null"), PostgresJSON("1.50")])
    }
    @Test func enums() async throws { try await check([Color.red, .green]) }

    @Test func dates() async throws {
        try await check(
            [0, 1_700_000_000.123456, -1, -62_135_596_800, 253_402_300_799.999].map {
                Date(timeIntervalSince1970: ($0 * 1_000_000).rounded() / 1_000_000)
            })
        try await database.connect { (connection) async throws in
            let moment = Date(timeIntervalSince1970: 1_700_000_000.123456)
            let row = try await connection.execute(
                "select \(moment) = timestamptz '2023-11-14 22:13:20.123456+00', date '2023-11-14', timestamp '2023-11-14 22:13:20', timestamptz 'infinity'"
            )[0]
            #expect(try row.decode(Bool.self, at: 0))
            #expect(try row.decode(Date.self, at: 1).timeIntervalSince1970 == 1_699_920_000)
            #expect(try row.decode(Date.self, at: 2).timeIntervalSince1970 == 1_700_000_000)
            let error = #expect(throws: PostgresError.self) { try row.decode(Date.self, at: 3) }
            #expect(error?.code == .decoding)
            let far = await failure { try await connection.execute("select \(Date(timeIntervalSince1970: 1e30))") }
            #expect(far?.code == .encoding)
        }
    }

    @Test func decimals() async throws {
        let texts = [
            "0", "1", "-1", "0.1", "-0.0001", "12345.6789", "10000", "100000000", "0.00000001", "99999999999999999999999999999999999999",
            "-12345678901234567890.123456789", "9999.9999", "1000.0001",
        ]
        try await check(texts.map { Decimal(string: $0)! })
        try await database.connect { (connection) async throws in
            for text in texts {
                let row = try await connection.execute("select \(Decimal(string: text)!) = \(text)::numeric, \(text)::numeric")[0]
                #expect(try row.decode(Bool.self, at: 0), "\(text)")
                #expect(try row.decode(Decimal.self, at: 1) == Decimal(string: text)!)
            }
            let row = try await connection.execute(
                "select 'NaN'::numeric, 'Infinity'::numeric, repeat('9', 50)::numeric, 7::int, sum(x::int8)::int8 from generate_series(1, 3) x"
            )[0]
            #expect(try row.decode(Decimal.self, at: 0).isNaN)
            #expect(throws: PostgresError.self) { try row.decode(Decimal.self, at: 1) }
            #expect(throws: PostgresError.self) { try row.decode(Decimal.self, at: 2) }
            #expect(try row.decode(Decimal.self, at: 3) == 7)
            #expect(try row.decode(Int.self, at: 4) == 6)
        }
    }

    @Test func notANumber() async throws {
        try await database.connect { (connection) async throws in
            let row = try await connection.execute("select \(Double.nan)")[0]
            #expect(try row.decode(Double.self, at: 0).isNaN)
        }
    }

    @Test func errorsNameColumnAndTypes() async throws {
        try await database.connect { (connection) async throws in
            let row = try await connection.execute("select 'x'::text as word, 70000 as big, null::int as nothing, 1.5::numeric as price")[0]
            let error = #expect(throws: PostgresError.self) { try row.decode(UUID.self, named: "word") }
            #expect(error?.code == .decoding && error?.column == "word")
            #expect(error?.message.contains("\"word\"") == true && error?.message.contains("oid 25") == true)
            #expect(error?.message.contains("UUID") == true)
            let range = #expect(throws: PostgresError.self) { try row.decode(Int16.self, named: "big") }
            #expect(range?.message.contains("out of range") == true)
            let null = #expect(throws: PostgresError.self) { try row.decode(Int.self, named: "nothing") }
            #expect(null?.message.contains("NULL") == true)
            #expect(throws: PostgresError.self) { try row.decode(Int.self, named: "price") }
            let missing = #expect(throws: PostgresError.self) { try row.decode(Int.self, named: "absent") }
            #expect(missing?.code == .usage)
            #expect(throws: PostgresError.self) { try row.decode(Int.self, at: 4) }
            #expect(throws: PostgresError.self) { try row.decode(Int.self, at: -1) }
        }
    }

    @Test func textLikeTypes() async throws {
        try await database.connect { (connection) async throws in
            try await connection.execute("create type mood as enum ('sad', 'happy')")
            let row = try await connection.execute(
                "select 'happy'::mood, 'a'::varchar(5), 'b'::name, '{\"a\":1}'::json, '[1]'::jsonb, pg_typeof(1)::text")[0]
            #expect(try row.decode(String.self, at: 0) == "happy")
            #expect(try row.decode(String.self, at: 1) == "a")
            #expect(try row.decode(String.self, at: 2) == "b")
            #expect(try row.decode(String.self, at: 3) == "{\"a\":1}")
            #expect(try row.decode(String.self, at: 4) == "[1]")
            let numbers = try row.decode(PostgresJSON.self, at: 4).decode([Int].self)
            #expect(numbers == [1])
        }
    }

    @Test func nulCharacterIsRefused() async throws {
        try await database.connect { (connection) async throws in
            let error = await failure { try await connection.execute("select \("a\0b")") }
            #expect(error?.sqlState == "22021")
            #expect(try await connection.execute("select 1").count == 1)
        }
    }

    private struct Item: Codable, Equatable, Sendable {
        var productID: UUID
        var quantity: Int
    }
    private struct Order: Codable, Equatable, Sendable {
        var orderID: UUID
        var customerId: String
        var totalCents: Int32
        var level: Level
        var color: Color?
        var items: [Item]
        var note: String?
        var missing: Int?
        var tags: [String]
        var createdAt: Date
        var price: Decimal
        var payload: [UInt8]
        var ratio: Float
        var small: UInt8
    }

    @Test func codableRows() async throws {
        try await database.connect { (connection) async throws in
            let order = Order(
                orderID: UUID(), customerId: "c", totalCents: 5, level: .high, color: .green, items: [Item(productID: UUID(), quantity: 2)],
                note: nil, missing: nil, tags: ["a", "b"], createdAt: Date(timeIntervalSince1970: 1_700_000_000), price: 1.25,
                payload: [1, 2], ratio: 0.5, small: 200)
            let rows = try await connection.query(
                """
                select \(order.orderID) as order_id, \(order.customerId) as customer_id, \(order.totalCents) as total_cents,
                2 as level, 'green' as color, \(try PostgresJSON(encoding: order.items)) as items, null::text as note,
                \(order.tags) as tags, \(order.createdAt) as created_at, \(order.price) as price, \(order.payload) as payload,
                \(order.ratio) as ratio, 200::int2 as small, 'unused' as extra
                """, as: Order.self)
            #expect(rows == [order])
            #expect(try await connection.query("select generate_series(1, 3)", as: Int.self) == [1, 2, 3])
            #expect(try await connection.queryOne("select 'red'", as: Color.self) == .red)
            #expect(try await connection.queryOne("select 1 where false", as: Int.self) == nil)
            #expect(try await connection.queryOne("select null::int", as: Int?.self) == .some(nil))
            let error = await failure { try await connection.query("select 1 as order_id", as: Order.self) }
            #expect(error?.code == .decoding && error?.query == "select 1 as order_id")
            let bad = await failure { try await connection.query("select 'blue'", as: Color.self) }
            #expect(bad?.message.contains("blue") == true)
        }
    }
}
