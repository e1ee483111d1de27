/// A regular expression, compiled. A search takes time proportional to the text at worst times the size of the pattern,
/// whatever the pattern; most take one step for each character.
final class SchemaPattern: Sendable {
    let text: String
    let program: PatternProgram
    let alphabet: PatternAlphabet
    let table: PatternTable?

    init(_ text: String, maximumSize: Int) throws(PatternError) {
        guard text.utf8.count <= 4 * maximumSize else {
            throw PatternError(.tooLarge, "the pattern is longer than \(4 * maximumSize) bytes")
        }
        self.text = text
        program = try PatternProgram(try PatternParser.parse(text), maximumSize: maximumSize)
        alphabet = try PatternAlphabet(program.sets)
        table = PatternTable(program, alphabet)
    }

    /// The text, or its beginning.
    var shortText: String { text.utf8.count <= 100 ? text : "\(text.prefix(80))…" }
}

/// Searches texts for patterns, and keeps the memory that it needs for that.
struct PatternMatcher {
    private var closure = PatternClosure()
    private var seeds: [Int] = []

    /// Whether a pattern occurs in a text.
    /// - Parameter budget: the search ends without a match when it would cost more.
    /// - Returns: the answer, and what it cost.
    mutating func search(_ text: String, for pattern: SchemaPattern, budget: Int) -> (isMatch: Bool, cost: Int) {
        var text = text
        if let table = pattern.table {
            return text.withUTF8 { (table.search($0, pattern.alphabet), $0.count >> 4) }
        }
        return text.withUTF8 { search($0, pattern, budget) }
    }

    private mutating func search(
        _ text: UnsafeBufferPointer<UInt8>, _ pattern: SchemaPattern, _ budget: Int
    ) -> (isMatch: Bool, cost: Int) {
        let program = pattern.program
        var reader = ScalarReader(text)
        var cost = 0
        var isStart = true
        var wasWord = false
        seeds.removeAll(keepingCapacity: true)
        while cost < budget {
            let scalar = reader.next()
            let isWord = scalar.map(Self.isWord) ?? false
            closure.begin(program.steps.count)
            for seed in seeds {
                closure.add(seed, program, isStart: isStart, isEnd: scalar == nil, wordChange: isWord != wasWord)
            }
            closure.add(0, program, isStart: isStart, isEnd: scalar == nil, wordChange: isWord != wasWord)
            if closure.hasMatch { return (true, cost) }
            guard let scalar else { return (false, cost) }
            let character = pattern.alphabet.character(scalar)
            seeds.removeAll(keepingCapacity: true)
            for pc in closure.list {
                if case .characters(let set) = program.steps[pc], pattern.alphabet.contains(set: set, character) {
                    seeds.append(pc + 1)
                }
            }
            cost += 1 + closure.list.count / 4
            isStart = false
            wasWord = isWord
        }
        return (false, cost)
    }

    private static func isWord(_ scalar: UInt32) -> Bool {
        scalar < 0x80 && (ASCII.isLetter(UInt8(scalar)) || ASCII.isDigit(UInt8(scalar)) || scalar == 0x5F)
    }
}
