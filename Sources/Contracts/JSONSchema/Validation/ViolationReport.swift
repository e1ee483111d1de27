/// What is done about violations. The checks are compiled twice: without any report, for speed, and with one.
protocol ViolationReport {
    static var isKept: Bool { get }
    /// Whether nothing more is wanted, so that the check may stop.
    var isComplete: Bool { get }
    /// Forgets violations while the counter is above 0: under `not` they are none.
    var silence: Int { get set }
    var violations: [JSONSchemaViolation] { get set }
}

/// Yes or no is enough.
struct NoReport: ViolationReport {
    static var isKept: Bool { false }
    var isComplete: Bool { true }
    var silence: Int {
        get { 0 }
        set {}
    }
    var violations: [JSONSchemaViolation] {
        get { [] }
        set {}
    }
}

/// Keeps violations, up to a number.
struct FullReport: ViolationReport {
    static var isKept: Bool { true }
    let limit: Int
    var silence = 0
    var violations: [JSONSchemaViolation] = []

    init(limit: Int) { self.limit = limit }

    var isComplete: Bool { silence > 0 || violations.count >= limit }
}

/// A step from a value to a part of it.
enum InstanceStep {
    case key(String)
    case index(Int)
}
