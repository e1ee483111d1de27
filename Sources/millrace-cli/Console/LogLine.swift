import Foundation

/// A worker's log line, one JSON object, made readable.
package struct LogLine: Sendable, Equatable {
    package var level: String
    package var message: String
    /// What else the line has, sorted by name.
    package var fields: [String]
    package var time: String

    /// Reads a line; nil if it is not a JSON object with a message.
    package init?(_ text: String) {
        guard text.hasPrefix("{"), let object = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any],
            let message = object["message"] as? String
        else { return nil }
        self.message = message
        level = object["level"] as? String ?? "info"
        time = object["time"] as? String ?? ""
        let known: Set<String> = ["message", "level", "time", "worker", "logger"]
        fields = object.filter { !known.contains($0.key) }.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    }

    /// The time of day, without date and zone.
    package var clock: String {
        guard let start = time.firstIndex(of: "T") else { return time }
        return String(time[time.index(after: start)...].prefix(12))
    }

    /// How grave it is: 0 for what only a developer wants to see, 3 for what an operator must.
    package var gravity: Int {
        switch level {
        case "trace", "debug": 0
        case "info", "notice": 1
        case "warning": 2
        default: 3
        }
    }
}

/// Prints the logs of several workers side by side.
package struct LogPrinter: Sendable {
    private static let palette: [Console.Style] = [.cyan, .green, .yellow, .magenta, .blue]

    let name: String
    let column: Int
    let width: Int
    let leastGravity: Int

    /// - Parameters:
    ///   - name: the worker's.
    ///   - column: which of the workers it is; they take turns with the colours.
    ///   - width: of the longest name.
    ///   - leastGravity: what is less grave is not printed; see ``LogLine/gravity``.
    package init(name: String, column: Int, width: Int, leastGravity: Int) {
        self.name = name
        self.column = column
        self.width = width
        self.leastGravity = leastGravity
    }

    /// Prints one line of the worker's standard error.
    func print(_ text: String) {
        let console = Console.shared
        guard let line = self.line(text, style: { console.error($0, $1) }) else { return }
        console.say(line)
    }

    /// What is printed of one line; nil if that is not grave enough. What is no line of a log is printed as it is.
    package func line(_ text: String, style: (String, Console.Style) -> String) -> String? {
        let prefix = style(name.padding(toLength: width, withPad: " ", startingAt: 0) + " │ ", Self.palette[column % Self.palette.count])
        guard let line = LogLine(text) else { return prefix + text }
        guard line.gravity >= leastGravity else { return nil }
        let words = (line.level == "info" ? "" : line.level.uppercased() + " ") + line.message
        let fields = line.fields.isEmpty ? "" : style("  " + line.fields.joined(separator: " "), .dim)
        return prefix + style(line.clock, .dim) + " " + Self.styled(words, line.gravity, style) + fields
    }

    private static func styled(_ words: String, _ gravity: Int, _ style: (String, Console.Style) -> String) -> String {
        switch gravity {
        case 3: style(words, .red)
        case 2: style(words, .yellow)
        default: words
        }
    }
}
