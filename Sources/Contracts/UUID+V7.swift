import Locking

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

extension UUID {
    /// A new identifier that sorts by time (RFC 9562, version 7).
    ///
    /// Identifiers of one process grow strictly, even within a millisecond and when the clock is set back:
    /// the twelve bits after the timestamp are a counter (RFC 9562, section 6.2, method 1). Thread safe.
    public static func v7() -> UUID {
        let now = milliseconds(of: .now)
        let (timestamp, counter) = V7Clock.shared.withLock { $0.next(now) }
        return v7(milliseconds: timestamp, counter: counter, random: RandomWords.next())
    }

    /// Several identifiers of version 7, as ``v7()`` makes them one by one, in order.
    package static func v7(count: Int) -> [UUID] {
        guard count > 0 else { return [] }
        let now = milliseconds(of: .now)
        return V7Clock.shared.withLock { clock in
            (0..<count).map { _ in
                let (timestamp, counter) = clock.next(now)
                return v7(milliseconds: timestamp, counter: counter, random: RandomWords.next())
            }
        }
    }

    /// An identifier of version 7 for a given time. Identifiers of the same millisecond are in no order.
    /// - Parameter date: from 1970 to the year 10889; times outside are moved to the nearest bound.
    public static func v7(at date: Date) -> UUID {
        v7(milliseconds: milliseconds(of: date), counter: .random(in: .min ... .max), random: .random(in: .min ... .max))
    }

    /// The time of a version 7 identifier, to the millisecond; nil for other versions.
    public var v7Date: Date? {
        let (high, _) = words
        guard (high >> 12) & 0xF == 7 else { return nil }
        return Date(timeIntervalSince1970: Double(high >> 16) / 1000)
    }

    private static func milliseconds(of date: Date) -> UInt64 {
        let value = date.timeIntervalSince1970 * 1000
        guard value > 0 else { return 0 }  // also for NaN
        return value < 281_474_976_710_655 ? UInt64(value) : 281_474_976_710_655
    }

    private static func v7(milliseconds: UInt64, counter: UInt16, random: UInt64) -> UUID {
        UUID(
            high: milliseconds << 16 | 0x7000 | UInt64(counter & 0xFFF),
            low: 0x8000_0000_0000_0000 | random >> 2
        )
    }
}

/// The last timestamp and counter that were given out.
package struct V7Clock: Sendable {
    private var timestamp: UInt64 = 0
    private var counter: UInt16 = 0

    /// That of this process.
    static let shared = Locked(V7Clock())

    package init() {}

    /// The next pair, greater than all before it.
    /// - Parameter now: milliseconds since 1970.
    package mutating func next(_ now: UInt64) -> (timestamp: UInt64, counter: UInt16) {
        if now > timestamp {
            timestamp = now
            // Half of the range is kept free, so that 2048 identifiers fit into any millisecond.
            counter = UInt16(truncatingIfNeeded: RandomWords.next()) & 0x7FF
        } else if counter < 0xFFF {
            counter += 1
        } else {
            // More than the counter holds: borrow from the next millisecond rather than lose the order.
            timestamp += 1
            counter = 0
        }
        return (timestamp, counter)
    }
}

extension UUID {
    /// The sixteen bytes as two numbers, most significant first.
    package var words: (high: UInt64, low: UInt64) {
        withUnsafeBytes(of: uuid) { bytes in
            (
                UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
                UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
    }

    /// The reverse of ``words``.
    package init(high: UInt64, low: UInt64) {
        var value: uuid_t = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        withUnsafeMutableBytes(of: &value) { bytes in
            bytes.storeBytes(of: high.bigEndian, as: UInt64.self)
            bytes.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
        }
        self.init(uuid: value)
    }
}
