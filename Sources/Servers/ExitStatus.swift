/// How a process ended.
public enum ExitStatus: Hashable, Sendable, CustomStringConvertible {
    /// It called `exit` with this code, 0 to 255.
    case exited(Int32)
    /// A signal of this number ended it.
    case signaled(Int32)

    /// Whether it ended by `exit(0)`.
    public var isSuccess: Bool { self == .exited(0) }

    /// What a shell would put into `$?`: the code, or 128 + the signal.
    public var shellCode: Int32 {
        switch self {
        case .exited(let code): code
        case .signaled(let signal): 128 + signal
        }
    }

    /// Words for a log line.
    public var description: String {
        switch self {
        case .exited(let code): "exit code \(code)"
        case .signaled(let signal): "signal \(signal)"
        }
    }
}
