internal import CChecksum

/// CRC-32C (Castagnoli), as iSCSI and ext4 use it: with the processor's instruction where it has one.
package enum Checksum {
    /// Continues the checksum `seed` (0 to begin) over some bytes.
    package static func crc32c(_ bytes: UnsafeRawBufferPointer, seed: UInt32 = 0) -> UInt32 {
        guard let base = bytes.baseAddress else { return seed }
        return isHardware ? millrace_crc32c_hardware(seed, base, bytes.count) : portable(bytes, seed: seed)
    }

    private static let isHardware = millrace_crc32c_is_hardware() != 0

    /// The same without the instruction: eight bytes a step through eight tables.
    package static func portable(_ bytes: UnsafeRawBufferPointer, seed: UInt32 = 0) -> UInt32 {
        tables.withUnsafeBufferPointer { table in
            var crc = ~seed
            var index = 0
            while index + 8 <= bytes.count {
                let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)) ^ UInt64(crc)
                crc = 0
                for byte in 0..<8 { crc ^= table[(7 - byte) * 256 + Int(truncatingIfNeeded: word >> UInt64(8 * byte) & 0xFF)] }
                index += 8
            }
            while index < bytes.count {
                crc = crc >> 8 ^ table[Int(UInt8(truncatingIfNeeded: crc) ^ bytes[index])]
                index += 1
            }
            return ~crc
        }
    }

    /// Eight tables of 256 entries: table k is for a byte with k more bytes of the same step behind it.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 8 * 256)
        for value in 0..<256 {
            var crc = UInt32(value)
            for _ in 0..<8 { crc = crc & 1 == 0 ? crc >> 1 : crc >> 1 ^ 0x82F6_3B78 }
            tables[value] = crc
        }
        for table in 1..<8 {
            for value in 0..<256 {
                let before = tables[(table - 1) * 256 + value]
                tables[table * 256 + value] = before >> 8 ^ tables[Int(before & 0xFF)]
            }
        }
        return tables
    }()
}
