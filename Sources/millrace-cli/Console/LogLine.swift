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
struct LogPrinter: Sendable {
    private static let palette: [Console.Style] = [.cyan, .green, .yellow, .magenta, .blue]

    let name: String
    let column: Int
    let width: Int
    let leastGravity: Int

    /// Prints one line of the worker's standard error.
    func print(_ text: String) {
        let console = Console.shared
        let prefix = name.padding(toLength: width, withPad: " ", startingAt: 0) + " │ "
        let coloured = console.error(prefix, Self.palette[column % Self.palette.count])
        guard let line = LogLine(text) else { return console.say(coloured + text) }
        guard line.gravity >= leastGravity else { return }
        let level = line.level == "info" ? "" : line.level.uppercased() + " "
        let styled: String
        switch line.gravity {
        case 3: styled = console.error(level + line.message, .red)
        case 2: styled = console.error(level + line.message, .yellow)
        default: styled = level + line.message
        }
        let fields = line.fields.isEmpty ? "" : console.error("  " + line.fields.joined(separator: " "), .dim)
        console.say(coloured + console.error(line.clock, .dim) + " " + styled + fields)
    }
}
