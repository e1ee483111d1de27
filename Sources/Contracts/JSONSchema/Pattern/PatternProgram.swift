/// A regular expression as a machine without memory: what it may do next depends only on where it is. All that it may do
/// is done side by side, so that each character is looked at once (Thompson 1968).
struct PatternProgram: Sendable {
    enum Step: Sendable {
        /// Reads a character of a set, then goes on with the next step.
        case characters(set: Int)
        case split(Int, Int)
        case jump(Int)
        case start
        case end
        case wordBoundary(Bool)
        case match
    }

    private(set) var steps: [Step] = []
    private(set) var sets: [CharacterRanges] = []
    /// Whether a step looks at the characters on both sides.
    private(set) var hasWordBoundary = false
    private var setNumbers: [CharacterRanges: Int] = [:]
    private let maximumSize: Int

    init(_ syntax: PatternSyntax, maximumSize: Int) throws(PatternError) {
        self.maximumSize = maximumSize
        try emit(syntax)
        try append(.match)
        setNumbers = [:]
    }

    @discardableResult
    private mutating func append(_ step: Step) throws(PatternError) -> Int {
        guard steps.count < maximumSize else {
            throw PatternError(
                .tooLarge, "the pattern is too large: its machine would have more than \(maximumSize) steps")
        }
        steps.append(step)
        return steps.count - 1
    }

    private mutating func emit(_ syntax: PatternSyntax) throws(PatternError) {
        switch syntax {
        case .characters(let ranges): try append(.characters(set: number(of: ranges)))
        case .sequence(let parts): for part in parts { try emit(part) }
        case .alternatives(let parts): try emit(alternatives: parts)
        case .repetition(let part, let minimum, let maximum):
            try emit(repeating: part, minimum: minimum, maximum: maximum)
        case .start: try append(.start)
        case .end: try append(.end)
        case .wordBoundary(let isThere):
            hasWordBoundary = true
            try append(.wordBoundary(isThere))
        case .unsupported(let what):
            throw PatternError(
                .unsupported, "has \(what), which cannot be matched in a time bounded by the text; write it without")
        }
    }

    private mutating func number(of ranges: CharacterRanges) -> Int {
        if let known = setNumbers[ranges] { return known }
        sets.append(ranges)
        setNumbers[ranges] = sets.count - 1
        return sets.count - 1
    }

    private mutating func emit(alternatives parts: [PatternSyntax]) throws(PatternError) {
        var exits: [Int] = []
        for part in parts.dropLast() {
            let split = try append(.split(0, 0))
            try emit(part)
            exits.append(try append(.jump(0)))
            steps[split] = .split(split + 1, steps.count)
        }
        if let last = parts.last { try emit(last) }
        for exit in exits { steps[exit] = .jump(steps.count) }
    }

    private mutating func emit(repeating part: PatternSyntax, minimum: Int, maximum: Int?) throws(PatternError) {
        for _ in 0..<minimum {
            let before = steps.count
            try emit(part)
            if steps.count == before { return }  // nothing, however often
        }
        guard let maximum else {
            let split = try append(.split(0, 0))
            try emit(part)
            try append(.jump(split))
            steps[split] = .split(split + 1, steps.count)
            return
        }
        var splits: [Int] = []
        for _ in minimum..<max(maximum, minimum) {
            let split = try append(.split(0, 0))
            try emit(part)
            splits.append(split)
            if steps.count == split + 1 { break }
        }
        for split in splits { steps[split] = .split(split + 1, steps.count) }
    }
}
