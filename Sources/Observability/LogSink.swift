#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Takes finished log lines.
public protocol LogSink: Sendable {
    /// Takes one line, its newline included.
    func write(_ line: [UInt8])
}

/// Writes lines to standard error, each with one `write(2)`.
///
/// A line that cannot be written is dropped: a worker must not die because nobody reads its log.
public struct StandardErrorSink: LogSink {
    /// Creates the sink.
    public init() {}

    /// Writes the line; interrupted and partial writes are continued.
    public func write(_ line: [UInt8]) {
        line.withUnsafeBytes { bytes in
            var offset = 0
            while offset < bytes.count {
                guard let base = bytes.baseAddress else { return }
                #if canImport(Glibc)
                    let count = Glibc.write(2, base + offset, bytes.count - offset)
                #elseif canImport(Musl)
                    let count = Musl.write(2, base + offset, bytes.count - offset)
                #else
                    let count = Darwin.write(2, base + offset, bytes.count - offset)
                #endif
                if count > 0 {
                    offset += count
                } else if count < 0 && errno == EINTR {
                    continue
                } else {
                    return
                }
            }
        }
    }
}
