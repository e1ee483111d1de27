/// The code points in as few classes as the sets of a pattern tell apart.
struct PatternAlphabet: Sendable {
    let count: Int
    private let ascii: [UInt16]
    /// The first code point of each interval, and the class of the interval.
    private let starts: [UInt32]
    private let classes: [UInt16]
    /// For each set the classes in it, as bits.
    private let members: [[UInt64]]

    init(_ sets: [CharacterRanges]) throws(PatternError) {
        var bounds: Set<UInt32> = [0]
        for range in sets.lazy.flatMap(\.ranges) {
            bounds.insert(range.lowerBound)
            if range.upperBound < CharacterRanges.last { bounds.insert(range.upperBound + 1) }
        }
        let starts = bounds.sorted()
        let spans = sets.map { set in set.ranges.map { Self.intervals(of: $0, in: starts) } }
        var names = [Int](repeating: 0, count: starts.count)
        var next = 1
        for spans in spans {
            // The part of each class that is in the set becomes a class of its own.
            var split: [Int: Int] = [:]
            for index in spans.lazy.flatMap({ $0 }) {
                if let known = split[names[index]] {
                    names[index] = known
                } else {
                    split[names[index]] = next
                    names[index] = next
                    next += 1
                }
            }
        }
        var numbers: [Int: UInt16] = [:]
        for name in names where numbers[name] == nil { numbers[name] = UInt16(truncatingIfNeeded: numbers.count) }
        count = numbers.count
        guard count < 0x10000, sets.count * count <= 1 << 24 else {
            throw PatternError(.tooLarge, "the pattern tells too many characters apart")
        }
        classes = names.map { numbers[$0] ?? 0 }
        self.starts = starts
        let words = (count + 63) / 64
        members = spans.map { [classes] spans in
            var bits = [UInt64](repeating: 0, count: words)
            for index in spans.lazy.flatMap({ $0 }) {
                bits[Int(classes[index]) >> 6] |= 1 << UInt64(classes[index] & 63)
            }
            return bits
        }
        ascii = (0..<128).map { [classes] in classes[Self.interval(of: $0, in: starts)] }
    }

    @inline(__always)
    func character(_ scalar: UInt32) -> Int {
        scalar < 128 ? Int(ascii[Int(scalar)]) : Int(classes[Self.interval(of: scalar, in: starts)])
    }

    @inline(__always)
    func contains(set: Int, _ character: Int) -> Bool {
        members[set][character >> 6] & (1 << UInt64(character & 63)) != 0
    }

    private static func intervals(of range: ClosedRange<UInt32>, in starts: [UInt32]) -> ClosedRange<Int> {
        interval(of: range.lowerBound, in: starts)...interval(of: range.upperBound, in: starts)
    }

    /// The last interval that starts at or before a code point.
    private static func interval(of scalar: UInt32, in starts: [UInt32]) -> Int {
        var (low, high) = (0, starts.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= scalar { low = middle } else { high = middle }
        }
        return low
    }
}
