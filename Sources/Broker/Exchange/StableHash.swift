/// A 64-bit hash that is the same in every process and version (FNV-1a with a final mix); not for secrets.
struct StableHash {
    private var state: UInt64 = 0xcbf2_9ce4_8422_2325

    init() {}

    mutating func combine(_ text: String) {
        for byte in text.utf8 { mix(byte) }
        // Separates what follows.
        mix(0xff)
    }

    private mutating func mix(_ byte: UInt8) {
        state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
    }

    var value: UInt64 {
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }

    /// Evenly spread between 0 and 1, both excluded.
    var fraction: Double { (Double(value >> 11) + 0.5) / 9_007_199_254_740_992 }
}
