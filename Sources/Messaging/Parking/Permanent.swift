/// An error that another run of the same message cannot mend. Throwing it skips all retries: the message is parked
/// for an operator at once, or after one run by itself if it was handled together with others: only that shows that the error is its
/// own.
///
///     guard command.quantity > 0 else { throw Permanent("negative quantity") }
public struct Permanent: Error, Sendable, CustomStringConvertible {
    /// Why, for a person.
    public let reason: String
    /// The error below, if there was one.
    public let underlying: (any Error)?
    /// The source file that threw.
    public let file: String
    /// The line that threw.
    public let line: Int

    /// Makes an error from a sentence.
    public init(_ reason: String, underlying: (any Error)? = nil, file: String = #fileID, line: Int = #line) {
        self.reason = reason
        self.underlying = underlying
        self.file = file
        self.line = line
    }

    /// Marks an error as permanent.
    public init(_ underlying: any Error, file: String = #fileID, line: Int = #line) {
        self.init(String(describing: underlying), underlying: underlying, file: file, line: line)
    }

    /// The reason.
    public var description: String { reason }
}
