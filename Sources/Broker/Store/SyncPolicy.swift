/// Decides where a commit's write and sync run: on the broker's loop while the disk is quick, because handing over to another
/// thread and back costs more than such a sync; on the sync thread while it is slow, because a loop that waits serves nobody.
///
/// See `docs/decisions/0009`.
package struct SyncPolicy: Equatable, Sendable {
    package enum Place: Equatable, Sendable {
        case loop
        case thread
    }

    /// Above this average (nanoseconds) commits go to the thread.
    package static let slow: Int64 = 1_000_000
    /// Below this average they come back. The gap keeps a disk in between from moving to and fro.
    package static let quick: Int64 = 600_000
    /// A commit of more than this many bytes goes to the thread whatever the average is: its time is mostly the disk's, and
    /// the loop can use it.
    package static let large = 1 << 20

    /// Where the next ordinary commit runs.
    package private(set) var place: Place = .loop
    /// Moving average of what a commit takes, nanoseconds; each new one weighs an eighth.
    package private(set) var average: Int64 = 0

    package init() {}

    /// Where to run a commit of this many bytes.
    package func place(for bytes: Int) -> Place { bytes > Self.large ? .thread : place }

    /// Learns how long a commit took (write and sync, nanoseconds). Large ones say little about the next small one and are
    /// left out.
    package mutating func note(_ nanoseconds: Int64, bytes: Int) {
        guard bytes <= Self.large else { return }
        average += (max(0, nanoseconds) - average) / 8
        switch place {
        case .loop where average > Self.slow: place = .thread
        case .thread where average < Self.quick: place = .loop
        default: break
        }
    }
}
