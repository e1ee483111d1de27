import Contracts
package import Foundation
package import Journal

/// The text of `--since`.
package enum Since {
    private static let units: [Character: Int] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
    /// A hundred years: further back there is no time that the database could not name.
    private static let longest = 36_500 * 86_400

    /// - Parameter now: what counts as the future.
    /// - Throws: ``UsageFailure`` that shows what can be written.
    package static func start(_ text: String, now: Date = .now) throws -> JournalReader.Start {
        if let seconds = seconds(text) { return .ago(.seconds(seconds)) }
        guard let time = RFC3339.date(from: text) else {
            throw UsageFailure("--since takes how long ago, like 90s, 30m, 1h or 2d, or a time, like 2026-11-21T10:00:00Z; not '\(text)'")
        }
        guard time <= now else { throw UsageFailure("--since \(text) is in the future") }
        return .time(time)
    }

    private static func seconds(_ text: String) -> Int? {
        guard let unit = text.last.flatMap({ units[$0] }), let number = Int(text.dropLast()), number >= 0,
            text.first?.isNumber == true
        else { return nil }
        let (seconds, isTooLong) = number.multipliedReportingOverflow(by: unit)
        return isTooLong || seconds > longest ? nil : seconds
    }
}
