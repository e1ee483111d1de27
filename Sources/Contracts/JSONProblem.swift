/// One thing that is wrong with a document: where, and what.
public struct JSONProblem: Sendable, Hashable {
    /// The value that is wrong, or the place where it is missing (RFC 6901).
    public var pointer: JSONPointer
    /// What is wrong, so that it can follow the name of the property: `must be from 1 to 1000, is 0`.
    public var message: String

    /// Makes a problem.
    public init(_ pointer: JSONPointer, _ message: String) {
        self.pointer = pointer
        self.message = message
    }
}

extension JSONProblem: CustomStringConvertible {
    /// `/items/0/quantity must be from 1 to 1000, is 0`.
    public var description: String { "\(pointer.isRoot ? "the document" : pointer.text) \(message)" }
}

/// Everything that is wrong with a document.
public struct JSONProblems: Error, Sendable, Equatable {
    /// The problems, in the order in which they were found; never empty.
    public var problems: [JSONProblem]
    /// The error when the bytes are not JSON at all; the document could not be looked at further then.
    public var syntax: JSONError?

    /// Makes an error of problems that were found in JSON.
    public init(_ problems: [JSONProblem]) {
        self.problems = problems
    }

    /// Makes an error of one problem.
    public init(_ pointer: JSONPointer, _ message: String) {
        problems = [JSONProblem(pointer, message)]
    }

    init(_ error: JSONError) {
        problems = [JSONProblem(error.pointer, "is not JSON: \(error.message) (byte \(error.offset))")]
        syntax = error
    }
}

extension JSONProblems: CustomStringConvertible {
    /// The problems, one after another.
    public var description: String { problems.map(\.description).joined(separator: "; ") }
}
