import ArgumentParser
import Foundation

/// How data is printed.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case table, json
}

/// How messages are printed one by one.
enum StreamFormat: String, ExpressibleByArgument, CaseIterable {
    case table, json, ndjson
}

/// The option `-o`.
struct OutputOptions: ParsableArguments {
    @Option(name: [.short, .customLong("output")], help: "How to print data: table or json.")
    var output: OutputFormat = .table

    /// Prints `rows` as a table, or `value` as JSON.
    func print(_ value: some Encodable, _ table: () -> Table) {
        switch output {
        case .table: Console.shared.output(table().text)
        case .json: Console.shared.output(JSON.text(value))
        }
    }

    /// Says how many there were: in words to people, as `{"count": n}` to programs.
    func report(_ count: Int, _ words: String) {
        switch output {
        case .table: Console.shared.say("\(count) \(words)")
        case .json: Console.shared.output(JSON.text(["count": count]))
        }
    }
}

/// JSON as programs read it and people can.
enum JSON {
    static func text(_ value: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        encoder.nonConformingFloatEncodingStrategy = .convertToString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "null"
    }
}
