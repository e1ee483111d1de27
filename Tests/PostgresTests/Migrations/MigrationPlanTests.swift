import Postgres
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("Migrations: comparing history and scripts")
struct MigrationPlanTests {
    private func migration(_ version: String, _ sql: String = "SELECT 1") -> Migration {
        Migration(version: version, description: "step \(version)", sql: sql)
    }

    private func entry(
        _ rank: Int, _ version: String?, description: String? = nil, type: String = "SQL", sql: String = "SELECT 1",
        success: Bool = true
    ) -> MigrationEntry {
        MigrationEntry(
            rank: rank, version: version, description: description ?? "step \(version ?? "")", type: type,
            script: "V\(version ?? "")__step_\(version ?? "").sql", checksum: type == "BASELINE" ? nil : FlywayChecksum.of(sql),
            installedBy: "test", installedOn: Date(timeIntervalSince1970: 0), executionTime: 1, success: success)
    }

    private func states(_ plan: MigrationPlan) -> [MigrationInfo.State] { plan.infos.map(\.state) }

    @Test("new versions are pending in their order, applied ones are not")
    func pending() {
        let plan = MigrationPlan(migrations: [migration("10"), migration("1"), migration("2")], entries: [entry(1, "1")])
        #expect(plan.pending.map(\.script) == ["V2__step_2.sql", "V10__step_10.sql"])
        #expect(states(plan) == [.applied, .pending, .pending])
        #expect(plan.problems.isEmpty)
        #expect(plan.version?.text == "1")
    }

    @Test("a changed script is refused, with both checksums and a way out")
    func changed() {
        let plan = MigrationPlan(migrations: [migration("1", "SELECT 2")], entries: [entry(1, "1")])
        #expect(states(plan) == [.changed])
        #expect(plan.problems.count == 1)
        #expect(plan.problems[0].contains("V1__step_1.sql was changed"))
        #expect(plan.problems[0].contains("repair"))
    }

    @Test("a renamed script is refused")
    func renamed() {
        let plan = MigrationPlan(migrations: [migration("1")], entries: [entry(1, "1", description: "other")])
        #expect(states(plan) == [.changed])
        #expect(plan.problems.count == 1)
    }

    @Test("a missing script is refused")
    func missing() {
        let plan = MigrationPlan(migrations: [migration("2")], entries: [entry(1, "1"), entry(2, "2")])
        #expect(states(plan) == [.missing, .applied])
        #expect(plan.problems.count == 1)
        #expect(plan.problems[0].contains("missing"))
    }

    @Test("a version above all known ones is refused unless that is allowed")
    func newer() {
        var options = Migrator.Options()
        #expect(MigrationPlan(migrations: [migration("1")], entries: [entry(1, "1"), entry(2, "2")]).problems.count == 1)
        options.allowsNewer = true
        let plan = MigrationPlan(migrations: [migration("1")], entries: [entry(1, "1"), entry(2, "2")], options: options)
        #expect(states(plan) == [.applied, .newer])
        #expect(plan.problems.isEmpty)
    }

    @Test("a version below an applied one is refused unless that is allowed")
    func outOfOrder() {
        let entries = [entry(1, "1"), entry(2, "2")]
        let migrations = [migration("1"), migration("1.5"), migration("2")]
        let plan = MigrationPlan(migrations: migrations, entries: entries)
        #expect(states(plan) == [.applied, .outOfOrder, .applied])
        #expect(plan.problems.count == 1)
        #expect(plan.pending.isEmpty)
        var options = Migrator.Options()
        options.outOfOrder = true
        let allowed = MigrationPlan(migrations: migrations, entries: entries, options: options)
        #expect(allowed.problems.isEmpty)
        #expect(allowed.pending.map(\.script) == ["V1.5__step_1.5.sql"])
    }

    @Test("one that stopped halfway is refused until it is repaired")
    func failed() {
        let plan = MigrationPlan(migrations: [migration("1")], entries: [entry(1, "1", success: false)])
        #expect(states(plan) == [.failed])
        #expect(plan.problems.count == 1)
        #expect(plan.problems[0].contains("half done"))
        #expect(plan.pending.isEmpty)
    }

    @Test("what lies below the baseline is not applied")
    func baseline() {
        let entries = [entry(1, "2", description: "<< Flyway Baseline >>", type: "BASELINE")]
        let plan = MigrationPlan(migrations: [migration("1"), migration("2"), migration("3")], entries: entries)
        #expect(states(plan) == [.belowBaseline, .baseline, .belowBaseline, .pending])
        #expect(plan.problems.isEmpty)
        #expect(plan.pending.map(\.script) == ["V3__step_3.sql"])
    }

    @Test("a deleted entry no longer counts, and Flyway's own entries are no scripts")
    func deleted() {
        let schema = entry(0, nil, description: "<< Flyway Schema Creation >>", type: "SCHEMA")
        let entries = [schema, entry(1, "1"), entry(2, "2"), entry(3, "1", type: "DELETE")]
        let plan = MigrationPlan(migrations: [migration("2")], entries: entries)
        #expect(states(plan) == [.applied])
        #expect(plan.problems.isEmpty)
    }

    /// Fails when only `BASELINE` begins a history: the first script is out of order then, and the second one changed.
    @Test("a baseline that Flyway made of a script counts as one", arguments: ["SQL_BASELINE", "JDBC_BASELINE", "SQL_STATE_SCRIPT"])
    func baselineScript(type: String) {
        let schema = entry(0, nil, description: "<< Flyway Schema Creation >>", type: "SCHEMA")
        let entries = [schema, entry(1, "2", description: "base", type: type, sql: "SELECT 9"), entry(2, "3")]
        let plan = MigrationPlan(migrations: [migration("1"), migration("2"), migration("3")], entries: entries)
        #expect(states(plan) == [.belowBaseline, .baseline, .belowBaseline, .applied])
        #expect(plan.problems.isEmpty && plan.pending.isEmpty)
        #expect(plan.version?.text == "3")
    }

    /// Fails when the type of an entry is not looked at: all else agrees.
    @Test("what was applied as something else than SQL is refused, by its type", arguments: ["JDBC", "SPRING_JDBC", "SCRIPT", "CUSTOM"])
    func foreign(type: String) {
        let plan = MigrationPlan(migrations: [migration("1")], entries: [entry(1, "1", type: type)])
        #expect(states(plan) == [.changed])
        #expect(plan.problems.count == 1)
        #expect(plan.problems.first?.contains(" as \(type), not as a script of SQL") == true, "\(plan.problems)")
        #expect(plan.problems.first?.contains("repair") == true)
    }

    /// Fails when an `UNDO_` entry is left out: what was undone then counts as applied.
    @Test("what Flyway has undone is pending again", arguments: ["UNDO_SQL", "UNDO_JDBC"])
    func undone(type: String) {
        let entries = [entry(1, "1"), entry(2, "2"), entry(3, "2", type: type)]
        let plan = MigrationPlan(migrations: [migration("1"), migration("2")], entries: entries)
        #expect(states(plan) == [.applied, .pending])
        #expect(plan.problems.isEmpty)
        #expect(plan.version?.text == "1")
        let again = MigrationPlan(migrations: [migration("1"), migration("2")], entries: entries + [entry(4, "2")])
        #expect(states(again) == [.applied, .applied])
    }

    /// Fails when the type alone says what an entry does.
    @Test("an undo or a baseline that stopped halfway is refused", arguments: ["UNDO_SQL", "SQL_BASELINE"])
    func failedForeign(type: String) {
        let entries = [entry(1, "1"), entry(2, "1", type: type, success: false)]
        let plan = MigrationPlan(migrations: [migration("1")], entries: entries)
        #expect(states(plan) == [.failed])
        #expect(plan.problems.count == 1)
    }

    /// Fails when they come in the order of a dictionary, which changes from run to run.
    @Test("problems are listed in the order of the versions")
    func order() {
        let plan = MigrationPlan(migrations: [migration("1")], entries: (1...20).map { entry($0, "\($0)") })
        #expect(plan.problems.map { String($0.prefix { $0 != " " }) } == (2...20).map { "V\($0)__step_\($0).sql" })
    }

    /// Fails when a state is taken out of the list of `obstacles`, or another one put in.
    @Test("what a program must not run with, and what is nothing to it")
    func obstacles() {
        let entries = [
            entry(1, "2", description: "<< Flyway Baseline >>", type: "BASELINE"), entry(2, "3"), entry(3, "4"),
            entry(4, "5", sql: "SELECT 5"), entry(5, "6", success: false), entry(6, "8"), entry(7, "9", success: false),
            entry(8, nil, description: "old", sql: "old"), entry(9, nil, description: "same"),
        ]
        let versions = ["1", "3", "5", "6", "7"].map { migration($0) }
        let views = [Migration(repeatable: "old", sql: "new"), Migration(repeatable: "same", sql: "SELECT 1")]
        let plan = MigrationPlan(migrations: versions + views, entries: entries)
        #expect(
            states(plan) == [
                .belowBaseline, .baseline, .applied, .missing, .changed, .failed, .outOfOrder, .newer, .failed, .outdated, .applied,
            ])
        #expect(plan.obstacles.map(\.state) == [.changed, .failed, .outOfOrder, .outdated])
        #expect(plan.obstacles.map(\.version?.text) == ["5", "6", "7", nil])

        let fresh = MigrationPlan(migrations: [migration("1"), migration("one")], entries: [])
        #expect(fresh.obstacles.map(\.script) == ["V1__step_1.sql", "Vone__step_one.sql"])
    }

    @Test("repeatable ones run when they are new or changed, after all versions, by description")
    func repeatable() {
        let views = [
            Migration(repeatable: "b view", sql: "SELECT 2"), Migration(repeatable: "a view", sql: "SELECT 1"),
            Migration(repeatable: "c view", sql: "SELECT 3"),
        ]
        let entries = [
            entry(1, nil, description: "b view", sql: "SELECT 2"), entry(2, nil, description: "c view", sql: "old"),
        ]
        let plan = MigrationPlan(migrations: views + [migration("1")], entries: entries)
        #expect(states(plan) == [.pending, .pending, .applied, .outdated])
        #expect(plan.pending.map(\.script) == ["V1__step_1.sql", "R__a_view.sql", "R__c_view.sql"])
        #expect(plan.obstacles.map(\.script) == ["V1__step_1.sql", "R__a_view.sql", "R__c_view.sql"])
        // A newer release has run its own text of `c view` after ours.
        let newer = [
            entry(1, "1"), entry(2, nil, description: "a view", sql: "SELECT 1"), entry(3, nil, description: "b view", sql: "SELECT 2"),
            entry(4, nil, description: "c view", sql: "SELECT 3"), entry(5, nil, description: "c view", sql: "newer"),
        ]
        let beside = MigrationPlan(migrations: views + [migration("1")], entries: newer)
        #expect(states(beside) == [.applied, .applied, .applied, .outdated])
        #expect(beside.obstacles.isEmpty)
    }

    @Test("a declaration that cannot be stored is a problem, not a crash")
    func declarations() {
        let plan = MigrationPlan(
            migrations: [
                migration("one"), migration("1"), migration("1.0"),
                Migration(version: "2", description: String(repeating: "x", count: 201), sql: ""),
                Migration(version: "3", description: "x", sql: "-- executeInTransaction=maybe\nSELECT 1"),
            ], entries: [])
        #expect(plan.problems.count == 4)
    }
}
