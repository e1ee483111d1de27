import Broker
import Testing

@Suite struct ChecksumTests {
    /// The check value of CRC-32C, and the vectors of RFC 3720, B.4.
    @Test func knowsTheVectors() {
        #expect(crc(Array("123456789".utf8)) == 0xE306_9283)
        #expect(crc([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
        #expect(crc([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
        #expect(crc(Array(0..<32)) == 0x46DD_794E)
    }

    @Test func isTheSameWithoutTheInstruction() {
        var random = SeededGenerator(seed: 3)
        for length in 0..<300 {
            let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            let seed = UInt32.random(in: 0 ... .max, using: &random)
            bytes.withUnsafeBytes { #expect(Checksum.crc32c($0, seed: seed) == Checksum.portable($0, seed: seed)) }
        }
    }

    private func crc(_ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes { Checksum.crc32c($0) } }
}

@Suite struct SyncPolicyTests {
    @Test func leavesTheLoopOnASlowDisk() {
        var policy = SyncPolicy()
        for _ in 0..<100 { policy.note(90_000, bytes: 4096) }
        #expect(policy.place(for: 4096) == .loop)
        for _ in 0..<100 { policy.note(4_000_000, bytes: 4096) }
        #expect(policy.place(for: 4096) == .thread)
        for _ in 0..<100 { policy.note(800_000, bytes: 4096) }
        #expect(policy.place(for: 4096) == .thread, "between the limits it stays where it is")
        for _ in 0..<100 { policy.note(90_000, bytes: 4096) }
        #expect(policy.place(for: 4096) == .loop)
    }

    @Test func sendsLargeCommitsToTheThread() {
        var policy = SyncPolicy()
        #expect(policy.place(for: 2 << 20) == .thread)
        policy.note(50_000_000, bytes: 2 << 20)
        #expect(policy.place(for: 4096) == .loop)
    }
}

@Suite struct CompactionPolicyTests {
    private let policy = CompactionPolicy(slack: 100, segmentSize: 100)

    private func candidate(_ number: UInt32, _ keeps: Int, of capacity: Int = 100, damaged: Bool = false) -> CompactionPolicy.Candidate {
        CompactionPolicy.Candidate(number: number, capacity: capacity, keeps: keeps, isDamaged: damaged)
    }

    @Test func leavesQueuesThatEmptyThemselvesAlone() {
        #expect(policy.choose([]) == nil)
        #expect(policy.choose([candidate(1, 10), candidate(2, 100), candidate(3, 100)]) == nil)
    }

    @Test func takesTheEmptiest() {
        #expect(policy.choose([candidate(1, 20), candidate(2, 1), candidate(3, 30)]) == 2)
        #expect(policy.choose([candidate(1, 90), candidate(2, 60), candidate(3, 60)]) == nil, "nothing worth copying")
    }

    @Test func takesDamagedOnesFirst() {
        #expect(policy.choose([candidate(1, 1), candidate(2, 100, damaged: true), candidate(3, 2)]) == 2)
    }

    @Test func copiesNoMoreThanThereIsRoomFor() {
        let full = CompactionPolicy(slack: 100, segmentSize: 100, room: 5)
        #expect(full.choose([candidate(1, 20), candidate(2, 10), candidate(3, 30)]) == nil)
        #expect(full.choose([candidate(1, 20), candidate(2, 5), candidate(3, 30)]) == 2)
    }

    @Test func putsSmallFilesTogether() {
        let files = (1...17).map { candidate(UInt32($0), 20, of: 20) }
        #expect(policy.choose(files) == 1)
        #expect(policy.choose(Array(files.dropLast())) == nil)
    }
}
