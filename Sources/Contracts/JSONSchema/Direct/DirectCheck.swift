#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// One walk over a document. The buffers must outlive it.
struct DirectCheck {
    let direct: DirectProgram
    let nodes: UnsafeBufferPointer<DirectNode>
    let properties: UnsafeBufferPointer<DirectProperty>
    let names: UnsafeBufferPointer<UInt8>
    var scanner: JSONScanner
    /// As ``Evaluation`` counts it.
    var budget: Int
    /// The number of the member of the whole document whose place is wanted, and where its value stands.
    let wanted: Int
    var found: Range<Int>?

    /// Whether the whole document fits; false also when this is not known.
    mutating func run() throws(JSONError) -> Bool {
        scanner.skipWhitespace()
        guard try value(direct.program.root.index, depth: 0) else { return false }
        try scanner.expectEnd()
        return true
    }

    private mutating func value(_ number: Int32, depth: Int) throws(JSONError) -> Bool {
        budget &-= 1
        guard budget > 0, depth < DirectProgram.maximumDepth else { return false }
        let node = nodes.baseAddress.unsafelyUnwrapped + Int(number)
        switch scanner.current {
        case UInt8(ascii: "\""): return try text(node, number, depth)
        case UInt8(ascii: "{"): return try object(node, number, depth)
        case UInt8(ascii: "["): return try array(node, number, depth)
        case UInt8(ascii: "t"): return try word("true", .boolean, node, number, depth)
        case UInt8(ascii: "f"): return try word("false", .boolean, node, number, depth)
        case UInt8(ascii: "n"): return try word("null", .null, node, number, depth)
        default: return try self.number(node, number, depth)
        }
    }

    private mutating func word(
        _ word: StaticString, _ type: TypeSet, _ node: UnsafePointer<DirectNode>, _ number: Int32, _ depth: Int
    ) throws(JSONError) -> Bool {
        if node.pointee.trees.contains(type) { return try tree(number, depth) }
        guard node.pointee.types.contains(type) else { return false }
        try scanner.scanWord(word)
        return true
    }

    /// Builds the value that stands here, and evaluates the subschema over it.
    @inline(never)
    private mutating func tree(_ number: Int32, _ depth: Int) throws(JSONError) -> Bool {
        var parser = JSONParser(scanner: scanner, allowsAllNumbers: false)
        let value = try parser.parseValue(depth: depth)
        scanner.position = parser.scanner.position
        guard Int(number) < direct.program.nodes.count else { return true }
        var evaluation = Evaluation(program: direct.program, report: NoReport())
        evaluation.budget = budget
        evaluation.depth = depth
        let isValid = evaluation.evaluate(NodeID(Int(number)), value)
        budget = evaluation.budget
        return isValid && budget > 0
    }

    // MARK: Objects and arrays

    private mutating func object(_ node: UnsafePointer<DirectNode>, _ number: Int32, _ depth: Int) throws(JSONError) -> Bool {
        if node.pointee.trees.contains(.object) { return try tree(number, depth) }
        guard node.pointee.types.contains(.object) else { return false }
        var seen: UInt64 = 0
        var count = 0
        var hint = 0
        try scanner.open(depth: depth)
        if try !scanner.closes(UInt8(ascii: "}")) {
            repeat {
                scanner.skipWhitespace()
                guard let position = try name(node, hint: hint) else { return false }
                let bit: UInt64 = 1 << UInt64(position)
                guard seen & bit == 0 else { return false }
                seen |= bit
                hint = position + 1
                count += 1
                try scanner.scanColon()
                let start = scanner.position
                guard try value(properties[Int(node.pointee.firstProperty) + position].node, depth: depth + 1) else { return false }
                if depth == 0, position == wanted { found = start..<scanner.position }
            } while try scanner.continues(until: UInt8(ascii: "}"))
        }
        return seen & node.pointee.required == node.pointee.required
            && count >= node.pointee.minimumMembers && count <= node.pointee.maximumMembers
    }

    /// Steps over the name of a member.
    /// - Parameter hint: which one it may be, in a document whose members come in the order of the schema.
    /// - Returns: its number, nil when it is not known.
    @inline(__always)
    private mutating func name(_ node: UnsafePointer<DirectNode>, hint: Int) throws(JSONError) -> Int? {
        let count = Int(node.pointee.propertyCount)
        if hint < count {
            let name = properties[Int(node.pointee.firstProperty) + hint].name
            let end = scanner.position + 1 + name.count
            if end < scanner.bytes.count, scanner.bytes[scanner.position] == UInt8(ascii: "\""), scanner.bytes[end] == UInt8(ascii: "\""),
                isSame(name, scanner.position + 1)
            {
                scanner.position = end + 1
                return hint
            }
        }
        let span = try scanner.scanString()
        guard !span.hasEscapes else { return nil }
        for number in 0..<count {
            let name = properties[Int(node.pointee.firstProperty) + number].name
            if name.count == span.range.count, isSame(name, span.range.lowerBound) { return number }
        }
        return nil
    }

    /// Whether a name or text stands at a place of the document, which must have that many bytes.
    @inline(__always)
    private func isSame(_ name: Range<Int>, _ start: Int) -> Bool {
        guard let lhs = names.baseAddress, let rhs = scanner.bytes.baseAddress else { return name.isEmpty }
        return memcmp(lhs + name.lowerBound, rhs + start, name.count) == 0
    }

    private mutating func array(_ node: UnsafePointer<DirectNode>, _ number: Int32, _ depth: Int) throws(JSONError) -> Bool {
        if node.pointee.trees.contains(.array) { return try tree(number, depth) }
        guard node.pointee.types.contains(.array) else { return false }
        var count = 0
        try scanner.open(depth: depth)
        if try !scanner.closes(UInt8(ascii: "]")) {
            repeat {
                scanner.skipWhitespace()
                count += 1
                guard try value(node.pointee.items, depth: depth + 1) else { return false }
            } while try scanner.continues(until: UInt8(ascii: "]"))
        }
        return count >= node.pointee.minimumCount && count <= node.pointee.maximumCount
    }

    // MARK: Texts and numbers

    private mutating func text(_ node: UnsafePointer<DirectNode>, _ number: Int32, _ depth: Int) throws(JSONError) -> Bool {
        if node.pointee.trees.contains(.string) { return try tree(number, depth) }
        guard node.pointee.types.contains(.string) else { return false }
        let start = scanner.position
        let span = try scanner.scanString()
        if node.pointee.takesAnyText { return true }
        guard !span.hasEscapes else {
            scanner.position = start
            return try tree(number, depth)
        }
        return isAllowed(UnsafeBufferPointer(rebasing: scanner.bytes[span.range]), span.range.lowerBound, node)
    }

    private mutating func isAllowed(_ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ node: UnsafePointer<DirectNode>) -> Bool {
        if node.pointee.firstChoice >= 0 {
            let first = Int(node.pointee.firstChoice)
            guard
                (first..<first + Int(node.pointee.choiceCount)).contains(where: { number in
                    let choice = direct.choices[number]
                    return choice.count == text.count && isSame(choice, start)
                })
            else { return false }
        }
        // A code point has one to four bytes.
        if text.count > node.pointee.maximumLength || (text.count + 3) / 4 < node.pointee.minimumLength {
            var length = 0
            for byte in text where byte & 0xC0 != 0x80 { length += 1 }
            guard length >= node.pointee.minimumLength, length <= node.pointee.maximumLength else { return false }
        }
        if node.pointee.pattern >= 0 {
            budget -= text.count >> 4
            let pattern = direct.patterns[Int(node.pointee.pattern)]
            guard let table = pattern.table, table.search(text, pattern.alphabet) else { return false }
        }
        return node.pointee.format?.accepts(text) ?? true
    }

    private mutating func number(_ node: UnsafePointer<DirectNode>, _ number: Int32, _ depth: Int) throws(JSONError) -> Bool {
        let start = scanner.position
        let range = try scanner.scanNumber()
        let digits = scanner.bytes[range]
        // Anything but a short whole number without an exponent is looked at exactly.
        guard !node.pointee.trees.contains(.number), !node.pointee.trees.contains(.integer), let whole = Self.whole(digits) else {
            if node.pointee.trees.isDisjoint(with: [.number, .integer]), !node.pointee.isBounded, node.pointee.types.contains(.number),
                range.count <= 308, !digits.contains(where: { $0 | 0x20 == UInt8(ascii: "e") })
            {
                return true
            }
            scanner.position = start
            return try tree(number, depth)
        }
        return !node.pointee.types.isDisjoint(with: [.number, .integer])
            && whole >= node.pointee.leastNumber && whole <= node.pointee.mostNumber
    }

    /// The value of a number of at most 18 digits; nil for any other.
    @inline(__always)
    private static func whole(_ digits: Slice<UnsafeBufferPointer<UInt8>>) -> Int? {
        guard digits.count <= 18 else { return nil }
        var value = 0
        var isNegative = false
        for byte in digits {
            if byte == UInt8(ascii: "-") {
                isNegative = true
                continue
            }
            guard byte &- 0x30 < 10 else { return nil }
            value = value &* 10 &+ Int(byte &- 0x30)
        }
        return isNegative ? -value : value
    }
}
