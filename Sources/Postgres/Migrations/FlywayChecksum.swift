/// The checksum that Flyway stores for a script: CRC-32 (IEEE 802.3) over the lines of the
/// text as UTF-8, without their line ends and without a byte order mark at the start, kept as
/// a signed 32-bit number. Changing only line ends therefore does not change it.
///
/// Source: `ChecksumCalculator` and `BomFilter` of Flyway, which feed what
/// `BufferedReader.readLine` returns to `java.util.zip.CRC32`.
package enum FlywayChecksum {
    /// Calculates the checksum of a script.
    ///
    /// - Parameter text: the whole script; a line ends with LF, CR or CR LF.
    package static func of(_ text: String) -> Int32 {
        var crc: UInt32 = 0xFFFF_FFFF
        var bytes = text.utf8[...]
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
        for byte in bytes where byte != 0x0A && byte != 0x0D {
            crc = table[Int((crc ^ UInt32(byte)) & 0xFF)] ^ (crc >> 8)
        }
        return Int32(bitPattern: ~crc)
    }

    private static let table: [UInt32] = (0..<256).map { index in
        var value = UInt32(index)
        for _ in 0..<8 { value = value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
        return value
    }
}
