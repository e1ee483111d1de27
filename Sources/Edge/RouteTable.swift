public import Hummingbird
import Locking

/// Which methods exist for a path, so that a wrong method is told from a wrong path.
public final class RouteTable: Sendable {
    private struct Entry {
        var segments: [Substring]
        var method: String
    }

    private let entries = Locked<[Entry]>([])

    /// Creates an empty table; see ``publish(_:)``.
    public init() {}

    /// Takes over all routes of a finished router.
    public func publish(_ router: Router<HTTPContext>) {
        let routes = router.routes.map { Entry(segments: Self.segments($0.path.description), method: $0.method.rawValue) }
        entries.withLock { $0 = routes }
    }

    /// The methods of a path, sorted; empty if there is no such path.
    public func methods(for path: String) -> [String] {
        let segments = Self.segments(path)
        let found = entries.withLock { entries in
            entries.filter { Self.matches(pattern: $0.segments, segments) }.map(\.method)
        }
        var methods = Set(found)
        if methods.contains("GET") { methods.insert("HEAD") }
        return methods.sorted()
    }

    private static func segments(_ path: String) -> [Substring] {
        path.split(separator: "/")
    }

    private static func matches(pattern: [Substring], _ path: [Substring]) -> Bool {
        guard pattern.count == path.count else { return pattern.last == "**" && path.count >= pattern.count - 1 }
        for (part, segment) in zip(pattern, path) {
            let isVariable = part.hasPrefix("{") || part.hasPrefix(":") || part.hasPrefix("*")
            if !isVariable && part != segment { return false }
        }
        return true
    }
}
