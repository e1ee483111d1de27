#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

extension UUID {
    /// The usual text in lower case, as RFC 9562 asks for and PostgreSQL prints.
    public var lowercased: String {
        String(unsafeUninitializedCapacity: 36) {
            writeLowercase(to: $0.baseAddress!)
            return 36
        }
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

extension UUID {
    /// Reads the 36 characters of RFC 9562, in either case; nil for anything else.
    init?(parsing text: UnsafeBufferPointer<UInt8>) {
        guard text.count == 36, text[8] == 0x2D, text[13] == 0x2D, text[18] == 0x2D, text[23] == 0x2D
        else { return nil }
        var halves: (UInt64, UInt64) = (0, 0)
        var nibbles = 0
        for index in 0..<36 where index != 8 && index != 13 && index != 18 && index != 23 {
            guard let digit = Hex.value(text[index]) else { return nil }
            if nibbles < 16 {
                halves.0 = halves.0 << 4 | UInt64(digit)
            } else {
                halves.1 = halves.1 << 4 | UInt64(digit)
            }
            nibbles += 1
        }
        self.init(high: halves.0, low: halves.1)
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
