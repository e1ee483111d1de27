public import Logging

extension Logger {
    /// A logger that writes JSON lines to standard error.
    /// - Parameters:
    ///   - worker: the worker's name, a field of each line.
    ///   - level: the lowest level that is written.
    public static func worker(_ worker: String, level: Logger.Level = .info) -> Logger {
        Logger(label: worker) { label in JSONLogHandler(label: label, worker: worker, level: level) }
    }
}
