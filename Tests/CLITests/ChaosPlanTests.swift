import Testing
import millrace_cli

@Suite("Chaos plan") struct ChaosPlanTests {
    @Test("the same seed gives the same plan, another seed another")
    func seeded() {
        #expect(ChaosPlan(seed: 7, count: 12, parts: 8) == ChaosPlan(seed: 7, count: 12, parts: 8))
        #expect(ChaosPlan(seed: 7, count: 12, parts: 8) != ChaosPlan(seed: 8, count: 12, parts: 8))
    }

    @Test(
        "as many kills as asked for, in order, within the run, and every part dies before one dies twice",
        arguments: 0..<50 as Range<UInt64>)
    func spread(seed: UInt64) {
        let plan = ChaosPlan(seed: seed, count: 10, parts: 8)
        #expect(plan.kills.count == 10)
        #expect(plan.kills.map(\.at) == plan.kills.map(\.at).sorted())
        #expect(plan.kills.allSatisfy { $0.at > 0 && $0.at < 1 })
        #expect(Set(plan.kills.prefix(8).map(\.victim)) == Set(0..<8))
    }

    @Test("nothing to kill is no plan")
    func empty() {
        #expect(ChaosPlan(seed: 1, count: 5, parts: 0).kills.isEmpty)
    }
}
