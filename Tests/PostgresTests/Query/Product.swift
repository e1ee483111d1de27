import Postgres

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The table that the tests of the query builder read and write.
struct Product: Table, Equatable {
    enum Status: String, Codable, PostgresEncodable, PostgresDecodable, PostgresArrayElement { case active, retired }
    struct Dimension: Codable, Equatable {
        var name: String
        var millimetres: Int
    }

    var id: UUID
    var categoryID: Int
    var name: String
    var note: String?
    var status: Status
    var available: Int
    var priceCents: Int64
    var tags: [String]
    var dimensions: [Dimension]
    var changedAt: Date

    /// A property that is no column.
    var isCheap: Bool { priceCents < 100 }

    static let table = "product"
    static let columns: Columns<Self> = [
        .init(\.id, "id"), .init(\.categoryID, "category_id"), .init(\.name, "name"), .init(\.note, "note"),
        .init(\.status, "status"), .init(\.available, "available"), .init(\.priceCents, "price_cents"),
        .init(\.tags, "tags"), .json(\.dimensions, "dimensions"), .init(\.changedAt, "changed_at"),
    ]

    static let definition: SQL = """
        CREATE TABLE product (
            id uuid PRIMARY KEY, category_id int NOT NULL, name text NOT NULL, note text, status text NOT NULL,
            available bigint NOT NULL CHECK (available >= 0), price_cents bigint NOT NULL, tags text[] NOT NULL,
            dimensions jsonb NOT NULL, changed_at timestamptz NOT NULL)
        """

    /// A product with a number in all that tells products apart.
    static func number(_ number: Int, note: String? = nil, status: Status = .active) -> Product {
        Product(
            id: UUID(uuidString: "00000000-0000-0000-0000-\(String(String(number + 1_000_000_000_000).dropFirst()))") ?? UUID(),
            categoryID: number % 3, name: "product \(number)", note: note, status: status, available: number,
            priceCents: Int64(number) * 10, tags: ["t\(number)", "all"],
            dimensions: [Dimension(name: "width", millimetres: number)],
            changedAt: Date(timeIntervalSince1970: 1_700_000_000 + Double(number)))
    }
}

/// Runs nothing: for tests that only look at the text of statements.
struct NoDatabase: PostgresExecutor {
    func execute(_ sql: SQL, file: String, line: Int) async throws(PostgresError) -> PostgresResult {
        throw PostgresError(code: .connectionFailed, message: "there is no database")
    }

    func pipeline(_ statements: [SQL], file: String, line: Int) async throws(PostgresError) -> [PostgresResult] {
        throw PostgresError(code: .connectionFailed, message: "there is no database")
    }
}
