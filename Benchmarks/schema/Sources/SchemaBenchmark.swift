import Contracts
import Foundation

/// Validates one document many times on one core: `schema-benchmark SCHEMA DOCUMENT [SECONDS]`.
/// Prints one JSON object: how many times a second, of the parsed value and from bytes.
@main
struct SchemaBenchmark {
    static func main() throws {
        guard CommandLine.arguments.count >= 3 else {
            print("usage: schema-benchmark SCHEMA DOCUMENT [SECONDS]")
            exit(2)
        }
        let seconds = CommandLine.arguments.count > 3 ? Double(CommandLine.arguments[3]) ?? 2 : 2
        let schemaText = Array(try Data(contentsOf: URL(fileURLWithPath: CommandLine.arguments[1])))
        let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: CommandLine.arguments[2])))
        let schema = try JSONSchema(compiling: JSONValue.parse(schemaText), options: .init(assertsFormats: true))
        let value = try JSONValue.parse(bytes)
        let violations = schema.validate(value)
        guard violations.isEmpty else {
            print("the document does not fit: \(violations)")
            exit(1)
        }
        let compile = try rate(seconds / 4) {
            _ = try JSONSchema(compiling: JSONValue.parse(schemaText), options: .init(assertsFormats: true))
        }
        let parsed = rate(seconds) { precondition(schema.isValid(value)) }
        let full = rate(seconds) { precondition(schema.validate(value).isEmpty) }
        let fromBytes = try rate(seconds) {
            let violations = try schema.validate(bytes: bytes)
            precondition(violations.isEmpty)
        }
        let parse = try rate(seconds) { _ = try JSONValue.parse(bytes) }
        print(
            """
            {"documentBytes":\(bytes.count),"isValid":\(parsed),"validate":\(full),"validateBytes":\(fromBytes),\
            "parse":\(parse),"compile":\(compile)}
            """)
    }

    /// How many times `body` runs in a second of processor time; the best of five stretches.
    static func rate(_ seconds: Double, _ body: () throws -> Void) rethrows -> Int {
        var best = 0.0
        for _ in 0..<5 {
            let start = processorTime()
            var count = 0
            var elapsed = 0.0
            while elapsed < seconds / 5 {
                for _ in 0..<100 { try body() }
                count += 100
                elapsed = processorTime() - start
            }
            best = max(best, Double(count) / elapsed)
        }
        return Int(best)
    }

    /// Seconds that this thread has had on a processor, so that other load on the machine does not count.
    private static func processorTime() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
