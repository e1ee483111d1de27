public import Logging

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Writes each log event as one line of JSON, with a single `write(2)`, so that lines of several threads never mix.
///
/// A line has the members `time` (RFC 3339, UTC, milliseconds), `level`, `worker`, `message`, then the metadata of the
/// event, of the handler and of the current ``LogScope``, each as a string. Members whose names speak of secrets
/// (`password`, `token`, …) are replaced by `[redacted]`, and so are passwords inside URLs; see ``Redaction``.
public struct JSONLogHandler: LogHandler {
    /// Fields that are added to each line of this logger.
    public var metadata: Logger.Metadata = [:]
    /// The lowest level that is written. Default: `info`.
    public var logLevel: Logger.Level
    /// An additional source of metadata, asked for each line.
    public var metadataProvider: Logger.MetadataProvider?

    private let label: String
    private let worker: String
    private let sink: any LogSink

    /// Creates a handler.
    /// - Parameters:
    ///   - label: the logger's label; written as `logger` when it differs from the worker's name.
    ///   - worker: the name of the worker, written in each line.
    ///   - level: the lowest level that is written.
    ///   - sink: where lines go; standard error unless told otherwise.
    public init(label: String, worker: String, level: Logger.Level = .info, sink: any LogSink = StandardErrorSink()) {
        self.label = label
        self.worker = worker
        self.logLevel = level
        self.sink = sink
    }

    /// The field of this logger with the given name.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes one line.
    public func log(event: LogEvent) {
        var line = JSONLine(capacity: 256)
        line.begin()
        line.member("time", LogTime.now())
        line.member("level", event.level.rawValue)
        line.member("worker", worker)
        if label != worker { line.member("logger", label) }
        line.member("message", Redaction.text(event.message.description))
        if let scope = LogScope.current { scope.write(into: &line) }
        var written: Set<String> = []
        if let fields = event.metadata { write(fields, into: &line, skipping: &written) }
        write(metadata, into: &line, skipping: &written)
        if let provided = metadataProvider?.get() { write(provided, into: &line, skipping: &written) }
        if event.level >= .error { line.member("at", "\(event.source)/\(Self.lastComponent(event.file)):\(event.line)") }
        line.end()
        sink.write(line.bytes)
    }

    private func write(_ fields: Logger.Metadata, into line: inout JSONLine, skipping written: inout Set<String>) {
        for (key, value) in fields where !Self.reserved.contains(key) && written.insert(key).inserted {
            line.member(key, Redaction.value(value.description, named: key))
        }
    }

    private static let reserved: Set<String> = ["time", "level", "worker", "logger", "message", "at"]

    private static func lastComponent(_ path: String) -> Substring {
        path.lastIndex(of: "/").map { path[path.index(after: $0)...] } ?? path[...]
    }
}
