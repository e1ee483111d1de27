/// The members or elements of one value that some subschema has looked at; for `unevaluatedProperties` and
/// `unevaluatedItems`, and kept only where one of them asks.
struct EvaluatedPlaces {
    private var words: [UInt64]
    private let count: Int

    init(count: Int) {
        self.count = count
        words = Array(repeating: 0, count: (count + 63) / 64)
    }

    func contains(_ index: Int) -> Bool { words[index >> 6] & (1 << UInt64(index & 63)) != 0 }

    mutating func insert(_ index: Int) { words[index >> 6] |= 1 << UInt64(index & 63) }

    mutating func insertAll() {
        for index in words.indices { words[index] = ~0 }
    }

    mutating func formUnion(_ other: EvaluatedPlaces) {
        for index in words.indices { words[index] |= other.words[index] }
    }

    /// Whether there is nothing left to look at.
    var isEmpty: Bool { count == 0 }
}
