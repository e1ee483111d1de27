/// Reads a JSON document from outside into a value, and says everything that is wrong with it at once.
///
/// Reading looks like making the value. Each method answers a value at once, a placeholder when there is none;
/// if anything was wrong ``read(_:limits:_:)`` throws, so that a placeholder never leaves it:
///
/// ```swift
/// let order = try JSONReader.read(body) { order in
///     NewOrder(
///         customerID: order.string("customerId", length: 1...64),
///         items: order.array("items", count: 1...100) { item in
///             NewOrder.Item(
///                 productID: item.string("productId", length: 1...64),
///                 quantity: item.integer("quantity", in: 1...1000))
///         },
///         paymentToken: order.optional("paymentToken") { $0.string(length: 1...200) })
/// }
/// ```
///
/// Members that are not read are problems too, unless ``allowUnknownKeys()`` is called. For an optional member
/// `null` counts as absent. A reader is one value in the document; it must not leave the closure it is given to.
public struct JSONReader {
    /// The place of this value.
    public let pointer: JSONPointer
    let state: State
    let log: Log
    /// The names that were asked for; one set for all copies of this reader.
    private let names: Names

    enum State {
        case value(JSONValue)
        case missing
        /// Something around it is wrong, and that has been said: answer placeholders and say nothing.
        case silent
    }

    /// Collects problems.
    final class Log {
        var problems: [JSONProblem] = []

        func note(_ pointer: JSONPointer, _ message: String) {
            guard problems.count < JSONReader.maximumProblems else { return }
            problems.append(JSONProblem(pointer, message))
        }
    }

    private final class Names {
        var asked: [String] = []
        var allowsUnknown = false
    }

    /// As many problems are listed at the most; a hostile document shall not make a huge answer.
    public static let maximumProblems = 100

    init(_ state: State, at pointer: JSONPointer, log: Log) {
        self.state = state
        self.pointer = pointer
        self.log = log
        names = Names()
    }

    /// Reads a document.
    ///
    /// - Parameters:
    ///   - limits: of size and depth.
    ///   - body: makes the value; errors of its own pass through.
    /// - Throws: ``JSONProblems`` when the bytes are not JSON, or anything in them is not as `body` asks.
    public static func read<Value>(
        _ bytes: [UInt8], limits: JSONLimits = JSONLimits(), _ body: (JSONReader) throws -> Value
    ) throws -> Value {
        let document: JSONValue
        do throws(JSONError) {
            document = try JSONValue.parse(bytes, limits: limits)
        } catch {
            throw JSONProblems(error)
        }
        return try read(document, body)
    }

    /// Reads a document that has been parsed; see ``read(_:limits:_:)``.
    public static func read<Value>(_ document: JSONValue, _ body: (JSONReader) throws -> Value) throws -> Value {
        let log = Log()
        let value = try JSONReader(.value(document), at: JSONPointer(), log: log).run(body)
        guard log.problems.isEmpty else { throw JSONProblems(log.problems) }
        return value
    }

    // MARK: Going down

    /// A member of this object, of any kind, whether it is there or not.
    public func member(_ key: String) -> JSONReader {
        if !names.asked.contains(key) { names.asked.append(key) }
        let place = pointer.appending(key)
        guard let object = objectForMembers() else { return JSONReader(.silent, at: place, log: log) }
        return JSONReader(object[key].map(State.value) ?? .missing, at: place, log: log)
    }

    /// A member that may be missing or null.
    /// - Returns: nil when it is, else what `body` makes of it.
    public func optional<Value>(_ key: String, _ body: (JSONReader) throws -> Value) rethrows -> Value? {
        let member = member(key)
        guard case .value(let value) = member.state, !value.isNull else { return nil }
        return try member.run(body)
    }

    /// A member that is an object.
    public func object<Value>(_ key: String, _ body: (JSONReader) throws -> Value) rethrows -> Value {
        try member(key).run(body)
    }

    /// A member that is an array; `body` is called with each element.
    public func array<Value>(
        _ key: String, count: ClosedRange<Int> = 0 ... .max, _ body: (JSONReader) throws -> Value
    ) rethrows -> [Value] {
        try member(key).array(count: count, body)
    }

    /// This value, which is an array. When it has too many elements they are not looked at.
    public func array<Value>(
        count: ClosedRange<Int> = 0 ... .max, _ body: (JSONReader) throws -> Value
    ) rethrows -> [Value] {
        guard let elements: [JSONValue] = convert("an array", \.arrayValue) else { return [] }
        guard count.contains(elements.count) else {
            log.note(pointer, "must have \(Self.describe(count, "element")), has \(elements.count)")
            return []
        }
        return try elements.enumerated().map { index, element in
            try JSONReader(.value(element), at: pointer.appending(index), log: log).run(body)
        }
    }

    // MARK: Saying what is wrong

    /// Notes a problem with this value, found by a rule of one's own.
    public func note(_ message: String) {
        if case .silent = state { return }
        log.note(pointer, message)
    }

    /// Notes a problem with a member.
    public func note(_ key: String, _ message: String) { member(key).note(message) }

    /// Whether nothing has been found wrong in the whole document so far.
    public var isValid: Bool { log.problems.isEmpty }

    /// Takes members that are not read.
    public func allowUnknownKeys() { names.allowsUnknown = true }

    /// Takes members of these names although they are not read.
    public func unknownKeys(allowed: some Sequence<String>) { names.asked.append(contentsOf: allowed) }

    // MARK: Inside

    /// Calls `body`, then looks for members that it did not ask for.
    private func run<Value>(_ body: (JSONReader) throws -> Value) rethrows -> Value {
        let value = try body(self)
        guard !names.asked.isEmpty, !names.allowsUnknown, case .value(.object(let object)) = state else { return value }
        let known = names.asked.map(ExactText.init)
        for (key, _) in object where !known.contains(ExactText(key)) {
            log.note(pointer.appending(key), "is not known here; known are \(names.asked.joined(separator: ", "))")
        }
        return value
    }

    /// The members, when this is an object; says once that it is not.
    private func objectForMembers() -> JSONObject? {
        guard names.asked.count > 1 else { return convert("an object", \.objectValue) }
        if case .value(let value) = state { return value.objectValue }
        return nil
    }

    /// The value as what is expected, or nil after a note.
    func convert<Value>(_ expected: String, _ body: (JSONValue) -> Value?) -> Value? {
        switch state {
        case .value(let value):
            if let result = body(value) { return result }
            log.note(pointer, "must be \(expected), not \(value.kind)")
        case .missing: log.note(pointer, "is required")
        case .silent: break
        }
        return nil
    }

    /// `1 to 100 elements`, `at least 1 element`, `exactly 1 element`.
    static func describe(_ range: ClosedRange<Int>, _ noun: String) -> String {
        func counted(_ number: Int) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
        if range.lowerBound == range.upperBound { return "exactly \(counted(range.lowerBound))" }
        if range.upperBound == .max { return "at least \(counted(range.lowerBound))" }
        if range.lowerBound <= 0 { return "at most \(counted(range.upperBound))" }
        return "\(range.lowerBound) to \(counted(range.upperBound))"
    }
}
