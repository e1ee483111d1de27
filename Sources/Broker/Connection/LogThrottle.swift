/// Keeps what clients can make the broker log at will from filling the log: of each kind of line some in an interval, and how
/// many more there were.
package struct LogThrottle {
    /// Milliseconds.
    package static let interval: Int64 = 10_000
    /// Lines of one kind in an interval.
    package static let burst = 10

    private struct Window {
        var start: Int64
        var lines = 0
        var leftOut = 0
    }

    private var windows: [String: Window] = [:]

    package init() {}

    /// Whether a line of this kind is to be written now.
    package mutating func admits(_ kind: String, now: Int64) -> Bool {
        var window = windows[kind] ?? Window(start: now)
        defer { windows[kind] = window }
        guard window.lines < Self.burst else {
            window.leftOut += 1
            return false
        }
        window.lines += 1
        return true
    }

    /// Ends the intervals that are over.
    ///
    /// - Returns: of which kinds how many lines were left out in them.
    package mutating func leftOut(now: Int64) -> [(kind: String, count: Int)] {
        let over = windows.filter { now - $0.value.start >= Self.interval }.sorted { $0.key < $1.key }
        for (kind, _) in over { windows[kind] = nil }
        return over.filter { $0.value.leftOut > 0 }.map { ($0.key, $0.value.leftOut) }
    }
}
