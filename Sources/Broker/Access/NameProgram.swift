/// A compiled pattern: instructions that all run side by side, one step for each character of the name.
struct NameProgram: Sendable {
    enum Instruction: Sendable {
        case any
        case scalar(UInt32)
        case set(ScalarSet)
        case start
        case end
        case wordBoundary(Bool)
        /// Goes on here and there.
        case split(Int, Int)
        case jump(Int)
        /// The program from `body` on must (or must not) match from here; goes on at `next`.
        case lookahead(body: Int, next: Int, isNegative: Bool)
        case match
    }

    private(set) var instructions: [Instruction] = []
    private let ignoresCase: Bool
    private var hasLookahead = false

    private static let mostInstructions = 8_000
    /// Lookahead may run at each character, and then takes time by the square of the length.
    private static let mostInstructionsWithLookahead = 500

    init(_ node: NamePatternNode, ignoresCase: Bool) throws(NamePatternError) {
        self.ignoresCase = ignoresCase
        try emit(node)
        instructions.append(.match)
        if hasLookahead, instructions.count > Self.mostInstructionsWithLookahead { throw Self.tooLong }
    }

    private static let tooLong = NamePatternError(offset: 0, message: "the pattern with its repetitions is too large")

    // MARK: - Compiling

    private mutating func emit(_ node: NamePatternNode) throws(NamePatternError) {
        guard instructions.count < Self.mostInstructions else { throw Self.tooLong }
        switch node {
        case .empty: break
        case .any: instructions.append(.any)
        case .scalar(let scalar): instructions.append(.scalar(folded(scalar.value)))
        case .set(let set): instructions.append(.set(set))
        case .start: instructions.append(.start)
        case .end: instructions.append(.end)
        case .wordBoundary(let isBoundary): instructions.append(.wordBoundary(isBoundary))
        case .sequence(let nodes): for node in nodes { try emit(node) }
        case .choice(let choices): try emit(choice: choices)
        case .repeated(let node, let least, let most): try emit(node, least: least, most: most)
        case .lookahead(let node, let isNegative):
            hasLookahead = true
            let place = reserve()
            try emit(node)
            instructions.append(.match)
            instructions[place] = .lookahead(body: place + 1, next: instructions.count, isNegative: isNegative)
        }
    }

    private mutating func emit(choice choices: [NamePatternNode]) throws(NamePatternError) {
        var ends: [Int] = []
        for (index, choice) in choices.enumerated() {
            guard index < choices.count - 1 else {
                try emit(choice)
                break
            }
            let split = reserve()
            try emit(choice)
            ends.append(reserve())
            instructions[split] = .split(split + 1, instructions.count)
        }
        for end in ends { instructions[end] = .jump(instructions.count) }
    }

    private mutating func emit(_ node: NamePatternNode, least: Int, most: Int?) throws(NamePatternError) {
        for _ in 0..<least { try emit(node) }
        guard let most else {
            let split = reserve()
            try emit(node)
            instructions.append(.jump(split))
            instructions[split] = .split(split + 1, instructions.count)
            return
        }
        var splits: [Int] = []
        for _ in least..<most {
            splits.append(reserve())
            try emit(node)
        }
        for split in splits { instructions[split] = .split(split + 1, instructions.count) }
    }

    /// A place for an instruction that is known later.
    private mutating func reserve() -> Int {
        instructions.append(.match)
        return instructions.count - 1
    }

    // MARK: - Matching

    func matches(_ name: String) -> Bool {
        let scalars = name.unicodeScalars.map { folded($0.value) }
        return matches(scalars, from: 0, entry: 0, isAnchored: false)
    }

    /// - Parameter isAnchored: whether the match must begin at `from`, or may begin anywhere after it.
    private func matches(_ name: [UInt32], from: Int, entry: Int, isAnchored: Bool) -> Bool {
        var threads = Threads(capacity: instructions.count)
        var position = from
        if add(entry, at: position, of: name, to: &threads) { return true }
        while position < name.count {
            var next = Threads(capacity: threads.marks.count)
            let value = name[position]
            position += 1
            for thread in threads.places where consumes(instructions[thread], value) {
                if add(thread + 1, at: position, of: name, to: &next) { return true }
            }
            if !isAnchored, add(entry, at: position, of: name, to: &next) { return true }
            if isAnchored, next.places.isEmpty { return false }
            threads = next
        }
        return false
    }

    private struct Threads {
        var places: [Int] = []
        var marks: [Bool]
        init(capacity: Int) { marks = Array(repeating: false, count: capacity) }
    }

    /// Follows everything that consumes no character. Returns true at a match.
    private func add(_ entry: Int, at position: Int, of name: [UInt32], to threads: inout Threads) -> Bool {
        var waiting = [entry]
        while let place = waiting.popLast() {
            if threads.marks[place] { continue }
            threads.marks[place] = true
            switch instructions[place] {
            case .match: return true
            case .jump(let target): waiting.append(target)
            case .split(let first, let second):
                waiting.append(second)
                waiting.append(first)
            case .start: if position == 0 { waiting.append(place + 1) }
            case .end: if position == name.count { waiting.append(place + 1) }
            case .wordBoundary(let isBoundary):
                let before = position > 0 && ScalarSet.word.contains(name[position - 1])
                let after = position < name.count && ScalarSet.word.contains(name[position])
                if (before != after) == isBoundary { waiting.append(place + 1) }
            case .lookahead(let body, let next, let isNegative):
                if matches(name, from: position, entry: body, isAnchored: true) != isNegative { waiting.append(next) }
            case .any, .scalar, .set: threads.places.append(place)
            }
        }
        return false
    }

    private func consumes(_ instruction: Instruction, _ value: UInt32) -> Bool {
        switch instruction {
        case .any: value != 0x0A
        case .scalar(let scalar): scalar == value
        case .set(let set): ignoresCase ? set.contains(value, or: upper(value)) : set.contains(value)
        default: false
        }
    }

    /// ASCII letters only: names are mostly that.
    private func folded(_ value: UInt32) -> UInt32 { ignoresCase && (0x41...0x5A).contains(value) ? value + 32 : value }
    private func upper(_ value: UInt32) -> UInt32 { (0x61...0x7A).contains(value) ? value - 32 : value }
}
