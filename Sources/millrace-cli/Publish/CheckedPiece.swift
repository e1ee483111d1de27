/// A piece of the input, taken apart and checked.
package struct CheckedPiece: Sendable {
    /// A message that may be sent.
    package struct Message: Sendable {
        /// Its number in the input, from 1.
        package var number: Int
        /// The line it begins in, from 1.
        package var line: Int
        /// Whether its data stands in ``gathered``, else in ``bytes``.
        package var isGathered: Bool
        package var data: Range<Int>
        package var key: EventKey
    }

    /// The input as it was read.
    package var bytes: [UInt8]
    /// Values that stood across pieces, or were looked at one by one.
    package var gathered: [UInt8] = []
    package var messages: [Message] = []
    /// Data that is refused, in order.
    package var refused: [PublishTally.Loss] = []
    /// Why the input cannot be read further.
    package var flaw: JSONStreamSplitter.Failure?

    /// Bytes in memory, about.
    package var size: Int { bytes.count + gathered.count + messages.count * MemoryLayout<Message>.stride }

    /// Calls `body` with the data of a message.
    package func withData<R>(_ message: Message, _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
        (message.isGathered ? gathered : bytes).withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[message.data])) }
    }
}
