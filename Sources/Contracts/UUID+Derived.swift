#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

extension UUID {
    /// An identifier that follows from this one and a salt (RFC 9562, version 8): the same base and salt always
    /// give the same result, and for one base different salts give different results.
    ///
    /// It makes repeated sends harmless: a saga derives a command's id from its own id and the step, so that a
    /// command that is sent twice has one id. The leading 58 bits, and with them the time of a version 7 base,
    /// are kept, so derived identifiers stay close to their base in an index.
    public func derived(_ salt: UInt64) -> UUID {
        let (high, low) = words
        // 64 bits that may be changed: the last two of the counter and the 62 after the variant.
        let base = (high & 0b11) << 62 | low & 0x3FFF_FFFF_FFFF_FFFF
        // Both steps are permutations of the 64-bit numbers, which makes the whole injective in the salt.
        let mixed = Self.permute(base ^ Self.permute(salt &+ 0x9E37_79B9_7F4A_7C15))
        return UUID(
            high: (high & ~0xF003) | 0x8000 | mixed >> 62,
            low: 0x8000_0000_0000_0000 | mixed & 0x3FFF_FFFF_FFFF_FFFF
        )
    }

    /// The finalizer of SplitMix64 (Steele, Lea, Flood, 2014): a permutation with good avalanche.
    private static func permute(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
