/// Why a user or a permission cannot be read or changed.
package struct AccessError: Error, CustomStringConvertible {
    package enum Code: Sendable {
        case noSuchUser
        case noSuchPermission
        case invalidName
        case invalidPattern
        case invalidPasswordHash
        case limit
        /// The change could not be made durable.
        case storage
        case noMemory
    }

    package let code: Code
    package let message: String
    package let underlying: (any Error)?
    package let file: String
    package let line: Int

    package init(
        _ code: Code, _ message: String, underlying: (any Error)? = nil, file: String = #fileID, line: Int = #line
    ) {
        self.code = code
        self.message = message
        self.underlying = underlying
        self.file = file
        self.line = line
    }

    package var description: String { underlying.map { "\(message): \($0)" } ?? message }
}
