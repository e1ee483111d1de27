import Contracts
import Foundation
import Testing

@Suite("UUID")
struct IdentifierTests {
    @Test("version 7 has the layout of RFC 9562")
    func layout() {
        let before = Date.now.addingTimeInterval(-0.01)
        let id = UUID.v7()
        #expect(id.uuid.6 >> 4 == 7)
        #expect(id.uuid.8 >> 6 == 0b10)
        #expect(id.v7Date! >= before && id.v7Date! <= .now.addingTimeInterval(1))
    }

    @Test("version 7 of a given time")
    func ofTime() {
        // RFC 9562, appendix A.6: 017F22E2-79B0-7CC3-98C4-DC0C0C07398F is of 2022-02-22T19:22:22.000Z.
        let id = UUID.v7(at: Date(timeIntervalSince1970: 1_645_557_742))
        #expect(id.lowercased.hasPrefix("017f22e2-79b0-7"))
        #expect(UUID.v7(at: .distantPast).lowercased.hasPrefix("00000000-0000-7"))
        #expect(UUID.v7(at: Date(timeIntervalSince1970: .infinity)).lowercased.hasPrefix("ffffffff-ffff-7"))
        #expect(UUID.v7(at: Date(timeIntervalSince1970: .nan)).lowercased.hasPrefix("00000000-0000-7"))
        #expect(UUID().v7Date == nil)
    }

    @Test("version 7 grows within a process")
    func monotonic() {
        let ids = (0..<20_000).map { _ in UUID.v7().lowercased }
        #expect(zip(ids, ids.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test("several of version 7 at once are as good as one by one")
    func several() {
        let before = UUID.v7()
        let ids = UUID.v7(count: 20_000)
        let all = ([before] + ids + [UUID.v7()]).map(\.lowercased)
        #expect(zip(all, all.dropFirst()).allSatisfy { $0 < $1 })
        #expect(ids.allSatisfy { $0.uuid.6 >> 4 == 7 && $0.uuid.8 >> 6 == 0b10 })
        // Fails when random numbers are used twice.
        #expect(Set(ids.map(\.words.low)).count == ids.count)
        #expect(UUID.v7(count: 0).isEmpty)
    }

    /// Fails when the counter does not carry into the timestamp (20,000 do not fit into a millisecond), and when the
    /// timestamp follows a clock that is set back.
    @Test("version 7 grows within a millisecond, and against the clock")
    func clock() {
        var clock = V7Clock()
        let pairs = (0..<20_000).map { clock.next($0 < 10_000 ? 5_000 : 4_000) }
        #expect(zip(pairs, pairs.dropFirst()).allSatisfy { $0 < $1 })
        #expect(pairs.allSatisfy { $0.counter <= 0xFFF })
        #expect(clock.next(1_000_000).timestamp == 1_000_000)
    }

    @Test("version 7 does not repeat over tasks")
    func concurrent() async {
        let all = await withTaskGroup(of: [UUID].self) { group in
            for _ in 0..<8 { group.addTask { (0..<5_000).map { _ in .v7() } } }
            return await group.reduce(into: Set<UUID>()) { $0.formUnion($1) }
        }
        #expect(all.count == 40_000)
    }

    @Test("derived is the same for the same salt, and another for another")
    func derived() {
        let base = UUID(uuidString: "01900000-0000-7000-8000-000000000001")!
        #expect(base.derived(5) == base.derived(5))
        // Written down, because stored ids must not change with a release.
        #expect(base.derived(0).lowercased == "01900000-0000-8002-9e01-60293a33aaf7")
        #expect(base.derived(0).uuid.8 >> 6 == 0b10)
        var seen: Set<UUID> = [base]
        for salt in 0..<100_000 as Range<UInt64> { #expect(seen.insert(base.derived(salt)).inserted) }
        for shift in 0..<64 { #expect(seen.insert(base.derived(.max - (1 << UInt64(shift)))).inserted) }
        #expect(base.derived(1).derived(2) != base.derived(2).derived(1))
        #expect(base.derived(1).derived(1) != base)
    }

    @Test("derived differs for bases that are neighbours")
    func derivedBases() {
        var seen: Set<UUID> = []
        for _ in 0..<2_000 {
            let base = UUID.v7()
            for salt in 0..<10 as Range<UInt64> { #expect(seen.insert(base.derived(salt)).inserted) }
        }
    }

    @Test("lower case text")
    func lowercased() {
        let id = UUID()
        #expect(id.lowercased == id.uuidString.lowercased())
    }
}

@Suite("TraceParent")
struct TraceParentTests {
    @Test("reads and writes")
    func roundTrip() throws {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        let parent = try #require(TraceParent(text))
        #expect(parent.description == text)
        #expect(parent.isSampled)
        #expect(parent.traceID == "4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(parent.spanID == 0x00f0_67aa_0ba9_02b7)
        let child = parent.child()
        #expect(child.traceID == parent.traceID)
        #expect(child.spanID != parent.spanID)
        let new = TraceParent(sampled: false)
        #expect(TraceParent(new.description) == new)
        #expect(!new.isSampled)
    }

    @Test("reads later versions as this one")
    func later() {
        #expect(TraceParent("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03-more")?.flags == 1)
    }

    @Test(
        "refuses",
        arguments: [
            "", "00", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
            "00-4bf92f3577b34da6a3ce929d0e0e473-600f067aa0ba902b7-01",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01x",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0é",
        ])
    func refused(_ text: String) {
        #expect(TraceParent(text) == nil)
    }
}

@Suite("RFC 3339")
struct RFC3339Tests {
    @Test("microseconds come back", arguments: [0, 0.000001, 1_767_225_600.123456, 951_782_400, 4_107_542_399.999999, -0.000001])
    func roundTrip(_ seconds: Double) throws {
        let date = Date(timeIntervalSince1970: seconds)
        let text = RFC3339.string(from: date)
        let read = try #require(RFC3339.date(from: text))
        #expect(RFC3339.string(from: read) == text)
        #expect(abs(read.timeIntervalSince(date)) < 0.000001)
    }

    /// From 1600 on: before the reform of 1582 Foundation counts by the Julian calendar, RFC 3339 never does.
    @Test("agrees with Foundation")
    func foundation() throws {
        var random = SplitMix(seed: 3)
        let formatter = ISO8601DateFormatter()
        for _ in 0..<2_000 {
            let date = Date(timeIntervalSince1970: Double(Int.random(in: -11_676_096_000...253_402_300_799, using: &random)))
            let whole = formatter.string(from: date)
            #expect(RFC3339.string(from: date) == whole.dropLast() + ".000000Z")
            #expect(RFC3339.date(from: whole) == date)
        }
    }

    @Test("every microsecond near today comes back")
    func exact() throws {
        var random = SplitMix(seed: 4)
        for _ in 0..<20_000 {
            let text =
                "20\(Int.random(in: 10...99, using: &random))-03-01T09:30:00."
                + String(String(1_000_000 + Int.random(in: 0..<1_000_000, using: &random)).dropFirst()) + "Z"
            #expect(RFC3339.string(from: try #require(RFC3339.date(from: text))) == text)
        }
    }

    @Test(
        "reads all forms",
        arguments: [
            ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000000Z"),
            ("2026-01-01t00:00:00z", "2026-01-01T00:00:00.000000Z"),
            ("2026-01-01 00:00:00.5+00:00", "2026-01-01T00:00:00.500000Z"),
            ("2026-01-01T01:30:00+01:30", "2026-01-01T00:00:00.000000Z"),
            ("2025-12-31T19:00:00.123456789-05:00", "2026-01-01T00:00:00.123456Z"),
            ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000000Z"),
            ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000000Z"),
        ])
    func forms(_ text: String, _ expected: String) throws {
        #expect(RFC3339.string(from: try #require(RFC3339.date(from: text))) == expected)
    }

    @Test(
        "refuses",
        arguments: [
            "", "2026", "2026-01-01", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
            "2023-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z", "2026-01-01T00:00:61Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+1:00",
            "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00Zx", " 2026-01-01T00:00:00Z", "-026-01-01T00:00:00Z",
            "0000-12-31T00:00:00Z", "9999-12-31T23:59:59-01:00",
        ])
    func refused(_ text: String) {
        #expect(RFC3339.date(from: text) == nil)
    }
}
