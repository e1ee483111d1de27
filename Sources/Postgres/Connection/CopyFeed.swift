/// Cuts the chunks of a COPY into pieces that libpq can take, and says when these must leave before there is room for more. Pure.
package struct CopyFeed {
    /// What to do next.
    package enum Step: Equatable {
        /// Hand this part of the chunk to libpq, then call ``answered(_:)``.
        case put(Range<Int>)
        /// Wait until all output has left, then go on.
        case flush
        /// The chunk is done.
        case done
        /// The connection can take nothing more; what is left out must not be passed over.
        case broken
    }

    /// How long a piece is at most, and how much may wait in memory before it must leave, bytes. libpq counts both with 32 bits.
    package static let limit = 1 << 18

    private var count = 0
    private var position = 0
    private var waiting = 0
    private var mustFlush = false
    private var wasRefused = false
    private var isBroken = false

    package init() {}

    /// A chunk of this many bytes comes.
    package mutating func begin(_ count: Int) {
        self.count = count
        position = 0
    }

    package mutating func next() -> Step {
        if isBroken { return .broken }
        if mustFlush {
            mustFlush = false
            waiting = 0
            return .flush
        }
        return position == count ? .done : .put(piece)
    }

    /// What `PQputCopyData` said of the piece: 1, or 0 when there is no room for it, or -1.
    package mutating func answered(_ status: Int32) {
        if status == 1 {
            waiting += piece.count
            position = piece.upperBound
            wasRefused = false
            mustFlush = waiting >= Self.limit
        } else if status == 0, !wasRefused {
            // Once more when all has left. Refused then, too, it would be for ever.
            wasRefused = true
            mustFlush = true
        } else {
            isBroken = true
        }
    }

    private var piece: Range<Int> { position..<min(count, position + Self.limit) }
}
