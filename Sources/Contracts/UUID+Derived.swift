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

extension UUID {
    /// The usual text in lower case, as RFC 9562 asks for and PostgreSQL prints.
    public var lowercased: String {
        String(unsafeUninitializedCapacity: 36) { writeLowercase(to: $0.baseAddress!); return 36 }
    }

    /// Writes 36 characters.
    func writeLowercase(to target: UnsafeMutablePointer<UInt8>) {
        var position = 0
        withUnsafeBytes(of: uuid) { bytes in
            for index in 0..<16 {
                if index == 4 || index == 6 || index == 8 || index == 10 {
                    target[position] = UInt8(ascii: "-")
                    position += 1
                }
                target[position] = Hex.digit(bytes[index] >> 4)
                target[position + 1] = Hex.digit(bytes[index] & 0xF)
                position += 2
            }
        }
    }
}

/// Hexadecimal digits.
enum Hex {
    /// The lower-case digit for a value from 0 to 15.
    @inline(__always)
    static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }

    /// The value of a digit of either case, nil for any other byte.
    @inline(__always)
    static func value(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x61...0x66: byte - 0x57
        case 0x41...0x46: byte - 0x37
        default: nil
        }
    }
}
