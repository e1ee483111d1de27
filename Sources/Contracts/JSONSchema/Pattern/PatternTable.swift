/// A pattern as a table: one look-up for each character. Made for patterns whose machine has few combined states.
struct PatternTable: Sendable {
    /// By state and class of character, the next state; state 0 cannot lead to a match any more.
    private let next: [UInt16]
    private let classCount: Int
    /// By state: 1 when there is a match already, 2 when there is one if the text ends here.
    private let flags: [UInt8]

    static let maximumStates = 1_024
    private static let maximumEntries = 1 << 15
    /// Steps of the machine that are followed while the table is made.
    private static let maximumWork = 400_000

    /// - Returns: nil when the table would be too large, or the pattern looks at characters twice.
    init?(_ program: PatternProgram, _ alphabet: PatternAlphabet) {
        guard !program.hasWordBoundary else { return nil }
        var builder = Builder(program: program, alphabet: alphabet)
        guard builder.build(), builder.flags.count > 1 else { return nil }
        next = builder.next
        flags = builder.flags
        classCount = alphabet.count
    }

    @inline(__always)
    func search(_ text: UnsafeBufferPointer<UInt8>, _ alphabet: PatternAlphabet) -> Bool {
        var state = 1
        var reader = ScalarReader(text)
        if flags[state] & 1 != 0 { return true }
        while let scalar = reader.next() {
            state = Int(next[state * classCount + alphabet.character(scalar)])
            if state == 0 { return false }
            if flags[state] & 1 != 0 { return true }
        }
        return flags[state] & 2 != 0
    }

    private struct Builder {
        let program: PatternProgram
        let alphabet: PatternAlphabet
        var next: [UInt16] = []
        var flags: [UInt8] = []
        var states: [[Int]] = []
        var numbers: [[Int]: UInt16] = [:]
        var closure = PatternClosure()
        var work = 0

        mutating func build() -> Bool {
            // State 0: nothing is possible. State 1: the start of the text.
            _ = number([])
            // It is no other state's equal, even of the same steps: only there does `^` after `$` hold.
            _ = add(closed([0], isStart: true), isStart: true)
            // A match may start anywhere; after the first character `^` has no chance.
            let restart = closed([0], isStart: false)
            var state = 1
            while state < states.count {
                guard states.count <= PatternTable.maximumStates, next.count <= PatternTable.maximumEntries,
                    work <= PatternTable.maximumWork
                else { return false }
                for character in 0..<alphabet.count {
                    let target = step(from: states[state], character, restart)
                    next[state * alphabet.count + character] = target
                }
                state += 1
            }
            return true
        }

        private mutating func step(from state: [Int], _ character: Int, _ restart: [Int]) -> UInt16 {
            var seeds: [Int] = []
            for pc in state {
                if case .characters(let set) = program.steps[pc], alphabet.contains(set: set, character) {
                    seeds.append(pc + 1)
                }
            }
            work += state.count + seeds.count + 1
            let reached = closed(seeds, isStart: false)
            return number(restart.isEmpty ? reached : merged(reached, restart))
        }

        private mutating func closed(_ seeds: [Int], isStart: Bool) -> [Int] {
            closure.begin(program.steps.count)
            for seed in seeds { closure.add(seed, program, isStart: isStart, isEnd: nil, wordChange: false) }
            work += closure.list.count
            return closure.list.sorted()
        }

        private func merged(_ lhs: [Int], _ rhs: [Int]) -> [Int] {
            var all = Set(lhs)
            all.formUnion(rhs)
            return all.sorted()
        }

        private mutating func number(_ state: [Int]) -> UInt16 {
            if let known = numbers[state] { return known }
            let number = add(state, isStart: false)
            numbers[state] = number
            return number
        }

        private mutating func add(_ state: [Int], isStart: Bool) -> UInt16 {
            states.append(state)
            next.append(contentsOf: repeatElement(0, count: alphabet.count))
            flags.append(flags(of: state, isStart: isStart))
            return UInt16(truncatingIfNeeded: states.count - 1)
        }

        private mutating func flags(of state: [Int], isStart: Bool) -> UInt8 {
            func isMatch(_ pc: Int) -> Bool { if case .match = program.steps[pc] { true } else { false } }
            if state.contains(where: isMatch) { return 3 }
            closure.begin(program.steps.count)
            for pc in state {
                guard case .end = program.steps[pc] else { continue }
                closure.add(pc, program, isStart: isStart, isEnd: true, wordChange: false)
            }
            return closure.list.contains(where: isMatch) ? 2 : 0
        }
    }
}

/// The steps that are reached without reading a character.
struct PatternClosure {
    /// Those that read, match, or wait for the end of the text.
    private(set) var list: [Int] = []
    private(set) var hasMatch = false
    private var seen: [UInt32] = []
    private var generation: UInt32 = 0
    private var stack: [Int] = []

    /// Empties the list.
    mutating func begin(_ count: Int) {
        if seen.count < count { seen += [UInt32](repeating: 0, count: count - seen.count) }
        generation &+= 1
        if generation == 0 {
            for index in seen.indices { seen[index] = 0 }
            generation = 1
        }
        list.removeAll(keepingCapacity: true)
        hasMatch = false
    }

    /// - Parameters:
    ///   - isEnd: nil when it is not known yet; `$` then stays in the list.
    ///   - wordChange: whether there is a word character on one side only.
    mutating func add(_ start: Int, _ program: PatternProgram, isStart: Bool, isEnd: Bool?, wordChange: Bool) {
        stack.append(start)
        while let pc = stack.popLast() {
            guard seen[pc] != generation else { continue }
            seen[pc] = generation
            switch program.steps[pc] {
            case .characters: list.append(pc)
            case .match:
                list.append(pc)
                hasMatch = true
            case .jump(let target): stack.append(target)
            case .split(let first, let second):
                stack.append(second)
                stack.append(first)
            case .start: if isStart { stack.append(pc + 1) }
            case .end:
                if let isEnd { if isEnd { stack.append(pc + 1) } } else { list.append(pc) }
            case .wordBoundary(let isThere): if wordChange == isThere { stack.append(pc + 1) }
            }
        }
    }
}

/// Reads code points from UTF-8 that is known to be correct.
struct ScalarReader {
    private let bytes: UnsafeBufferPointer<UInt8>
    private(set) var position = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    @inline(__always)
    mutating func next() -> UInt32? {
        guard position < bytes.count else { return nil }
        let lead = bytes[position]
        position += 1
        if lead < 0x80 { return UInt32(lead) }
        let count = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3
        var value = UInt32(lead) & (0x3F >> UInt32(count))
        for _ in 0..<count where position < bytes.count {
            value = value << 6 | UInt32(bytes[position] & 0x3F)
            position += 1
        }
        return value
    }
}
