import Contracts

/// A 64-bit hash that is the same in every process and version (FNV-1a with a final mix); not for secrets.
struct StableHash {
    private var state = FNV1a()

    init() {}

    mutating func combine(_ text: String) {
        state.combine(text.utf8)
        // Separates what follows.
        state.combine(CollectionOfOne(0xff))
    }

    var value: UInt64 {
        var value = state.value
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }

    /// Evenly spread between 0 and 1, both excluded.
    var fraction: Double { (Double(value >> 11) + 0.5) / 9_007_199_254_740_992 }
}
