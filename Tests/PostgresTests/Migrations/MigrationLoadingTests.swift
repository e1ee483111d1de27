import Postgres
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("Migrations: reading a folder")
struct MigrationLoadingTests {
    private func withFolder(_ files: [String: String], _ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.path + "/migrations-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(atPath: folder + "/later", withIntermediateDirectories: true)
        for (name, text) in files {
            #expect(FileManager.default.createFile(atPath: folder + "/" + name, contents: Data(text.utf8)))
        }
        try body(folder)
    }

    @Test("files are found, named and ordered as Flyway does it")
    func load() throws {
        try withFolder([
            "V2__second.sql": "SELECT 2", "V1__first_table.sql": "SELECT 1", "V1_10__x.sql": "", "V1_9__y.sql": "",
            "R__view_b.sql": "SELECT 3", "R__view_a.sql": "", "later/V3.1__deep.sql": "", "README.md": "", ".hidden.sql": "",
        ]) { (folder) throws in
            let migrations = try Migration.load(directory: folder)
            #expect(
                migrations.map(\.script) == [
                    "V1__first_table.sql", "V1_9__y.sql", "V1_10__x.sql", "V2__second.sql", "later/V3.1__deep.sql",
                    "R__view_a.sql", "R__view_b.sql",
                ])
            #expect(migrations[0].description == "first table")
            #expect(migrations[1].version?.text == "1.9")
            #expect(migrations[0].checksum == FlywayChecksum.of("SELECT 1"))
            #expect(migrations.last?.kind == .repeatable)
        }
    }

    @Test("the transaction is left out when the header or the settings file say so")
    func transaction() throws {
        try withFolder([
            "V1__a.sql": "-- a comment\n\n--  executeInTransaction = false\nSELECT 1", "V2__b.sql": "SELECT 1",
            "V2__b.sql.conf": "# why\nexecuteInTransaction=false\n", "V3__c.sql": "SELECT 1;\n-- executeInTransaction=false",
        ]) { (folder) throws in
            #expect(try Migration.load(directory: folder).map(\.isTransactional) == [false, false, true])
        }
    }

    @Test(
        "a file that cannot be understood is named, never skipped",
        arguments: [
            ["V1_first.sql": ""], ["1__first.sql": ""], ["V__first.sql": ""], ["V1a__first.sql": ""], ["V1__.sql": ""],
            ["v1__first.sql": ""], ["R1__x.sql": ""], ["Bx__x.sql": ""], ["x.sql": ""], ["V1__x.SQL": ""],
            ["V1__x.sql": "", "V1.0__y.sql": ""], ["R__x.sql": "", "later/R__x.sql": ""],
            ["V1__x.sql": "", "V1__x.sql.conf": "encoding=latin1"],
        ])
    func refused(files: [String: String]) throws {
        try withFolder(files) { (folder) throws in
            let error = #expect(throws: PostgresError.self) { try Migration.load(directory: folder) }
            #expect(error?.code == .migration)
            #expect(files.keys.contains { error?.message.contains($0) == true }, "\(error?.message ?? "")")
        }
    }

    /// Fails when the prefix is not looked at: the name is only said to be no name of a migration then.
    @Test(
        "kinds of Flyway's that are not supported are called by their name",
        arguments: [("U1__x.sql", "undo"), ("B2_1__x.sql", "baseline")])
    func unsupported(file: String, kind: String) throws {
        try withFolder([file: ""]) { (folder) throws in
            let error = #expect(throws: PostgresError.self) { try Migration.load(directory: folder) }
            #expect(error?.code == .migration)
            #expect(error?.message.contains("'\(file)': \(kind) migrations are not supported") == true, "\(error?.message ?? "")")
        }
    }

    @Test("a folder that is not there is an error")
    func absent() {
        let error = #expect(throws: PostgresError.self) { try Migration.load(directory: "/nowhere/at/all") }
        #expect(error?.message.contains("/nowhere/at/all") == true)
    }
}
