/// Why the broker's data could not be read or written, and what to do about it.
package struct StoreError: Error, CustomStringConvertible, Sendable {
    package struct Code: Hashable, Sendable {
        package let name: String

        /// The disk has no room. Not final: the store goes on when there is room again.
        package static let noSpace = Code(name: "no-space")
        /// Reading, writing or syncing failed. After a failed write or sync the store accepts nothing more.
        package static let inputOutput = Code(name: "input-output")
        /// Bytes do not match their checksum.
        package static let corrupt = Code(name: "corrupt")
        /// Another process has the folder.
        package static let locked = Code(name: "locked")
        /// The files were written by a version of the broker that this one does not know.
        package static let unknownFormat = Code(name: "unknown-format")
        /// The process has too many files open. Not final either.
        package static let tooManyFiles = Code(name: "too-many-files")
        /// There is no such file or message.
        package static let missing = Code(name: "missing")
    }

    package let code: Code
    /// What happened, with the file, and what to do next.
    package let message: String
    /// The system's error number (`errno`), where there was one.
    package let systemError: Int32?
    package let file: StaticString
    package let line: UInt

    package init(
        _ code: Code, _ message: String, systemError: Int32? = nil, file: StaticString = #fileID, line: UInt = #line
    ) {
        self.code = code
        self.message = message
        self.systemError = systemError
        self.file = file
        self.line = line
    }

    /// Whether the same call may succeed later, with nothing lost in between.
    package var isTemporary: Bool { code == .noSpace || code == .tooManyFiles }

    package var description: String { "\(code.name): \(message) (\(file):\(line))" }
}
