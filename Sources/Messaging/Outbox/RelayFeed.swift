import DequeModule

/// What the relay publishes next: rows that were handed over in memory by the transactions that have just written them, as
/// long as it is certain that none is missing between them; otherwise it says that the outbox must be read. Pure.
///
/// **Why nothing is skipped and nothing overtakes.** A read finds everything that has been committed and is unsent. After one
/// that was not cut short, `nextID` is behind every row that is known and `nextSequence` behind every event. A transaction's
/// rows are taken from memory only if they begin exactly there, without a hole in ids or in the numbers of events. So:
///
/// - A row of another process, or one whose handing over was lost, has an id in between: the hole is seen, and the read
///   finds it, in its place.
/// - A transaction that was rolled back leaves a hole in the ids. It costs reads.
/// - A transaction that commits late has ids that were passed already, and may belong to another process. When a read has
///   found a hole, everything is read until every transaction has ended that could fill it (``Horizon``). Which these are, the
///   read that found the hole cannot say: its snapshot knows the transactions up to the last that has *ended*, and one that
///   began behind that may hold an id of the hole all the same. So the next read asks for a transaction id of its own
///   (``needsBound``), which is above those of all that had begun before.
/// - Two transactions may be handed over in the wrong order. Those with events commit in the order of their numbers, so the
///   second one finds a hole, and the read finds both.
///
/// Rows that a read has found are handed over as well, perhaps later; their ids are remembered for a while. Should one be
/// forgotten, it looks like one that commits late, and costs a read that finds nothing.
package struct RelayFeed<Message: Sendable>: Sendable {
    /// A row of the outbox.
    package struct Row: Sendable {
        package let id: Int64
        /// The number of an event; a command has none.
        package let sequence: Int64?
        /// Tries before this one.
        package let attempts: Int
        /// Bytes, about.
        package let size: Int
        package let message: Message

        package init(id: Int64, sequence: Int64?, attempts: Int = 0, size: Int = 0, message: Message) {
            self.id = id
            self.sequence = sequence
            self.attempts = attempts
            self.size = size
            self.message = message
        }
    }

    /// Which transactions a read could see, in PostgreSQL's transaction ids.
    package struct Horizon: Sendable {
        /// All before this one had ended, and what they have written was seen.
        package let ended: Int64
        /// The read's own id, if it asked for one: whatever had an id before the read was sent has a lower one.
        package let bound: Int64?

        package init(ended: Int64, bound: Int64? = nil) {
            self.ended = ended
            self.bound = bound
        }
    }

    /// Rows that may come below ``nextID``.
    private enum Hole: Sendable, Equatable {
        case none
        /// A read has passed ids that nobody has seen, and the next one has to find out whose they may be.
        case seen
        /// Nobody from this transaction on can fill it.
        case below(Int64)
    }

    /// What became of rows that were handed over.
    package enum Offer: Sendable, Equatable {
        /// They are next.
        case taken
        /// A read that is on its way, or has been, has them or says more.
        case left
        /// A read is needed, which will find them.
        case mustRead
        /// Another process publishes.
        case standby
    }

    /// What to do about the rows of the flights before, in the flight of a read.
    package struct Settlement: Sendable {
        package var done: [Int64] = []
        package var refused: [RelayLedger.Refused] = []
    }

    private var isLeading = false
    private var isReading = false
    /// Whether the outbox must be read before anything else is published.
    package private(set) var mustRead = true
    /// Somebody asked for a read while one was under way, which may have looked before.
    private var readAgain = false
    /// Whether refused rows may wait for their time. Then only the database knows who must wait behind them.
    package private(set) var hasRefused = true
    private var nextID: Int64 = 0
    private var nextSequence: Int64 = 0
    private var hole = Hole.none
    private var ready: Deque<Row> = []
    private var readySize = 0
    private var aside: [[Row]] = []
    private var asideSize = 0
    private var asideCount = 0
    private var asideIsLost = false
    private var settlement = Settlement()
    private var recent = RecentIDs(capacity: 8_192)
    private let capacity: Int
    private let sizeLimit: Int
    /// Whether rows were taken and have no answer yet.
    package private(set) var isPublishing = false

    /// - Parameters:
    ///   - capacity: how many rows wait in memory at most; more are left to a read.
    ///   - sizeLimit: how many bytes.
    package init(capacity: Int, sizeLimit: Int = 8 << 20) {
        self.capacity = capacity
        self.sizeLimit = sizeLimit
    }

    /// This process holds the lock from now on. Nothing is known yet.
    package mutating func lead() {
        self = RelayFeed(capacity: capacity, sizeLimit: sizeLimit)
        isLeading = true
    }

    /// This process holds the lock no more. What waits is found by whoever has it next.
    package mutating func resign() { self = RelayFeed(capacity: capacity, sizeLimit: sizeLimit) }

    /// Something may be in the outbox that nobody hands over.
    package mutating func requireRead() {
        mustRead = true
        readAgain = isReading
        dropReady()
    }

    /// Rows of one transaction that has committed, in order.
    package mutating func offer(_ rows: [Row]) -> Offer {
        guard isLeading else { return .standby }
        if isReading {
            // Whether the read sees them is known when it is back.
            keepAside(rows)
            return .left
        }
        return mustRead ? .mustRead : classify(rows)
    }

    private mutating func classify(_ rows: [Row]) -> Offer {
        if rows.allSatisfy({ recent.contains($0.id) }) { return .left }
        var (id, sequence) = (nextID, nextSequence)
        for row in rows {
            guard row.id == id, row.sequence == nil || row.sequence == sequence else {
                requireRead()
                return .mustRead
            }
            id += 1
            if row.sequence != nil { sequence += 1 }
        }
        let size = rows.reduce(readySize) { $0 + $1.size }
        guard ready.count + rows.count <= capacity, size <= sizeLimit else {
            requireRead()
            return .mustRead
        }
        (nextID, nextSequence, readySize) = (id, sequence, size)
        ready.append(contentsOf: rows)
        return .taken
    }

    private mutating func keepAside(_ rows: [Row]) {
        asideSize += rows.reduce(0) { $0 + $1.size }
        asideCount += rows.count
        if asideSize > sizeLimit || asideCount > capacity { asideIsLost = true }
        if asideIsLost { aside = [] } else { aside.append(rows) }
    }

    private mutating func dropReady() {
        ready.removeAll()
        readySize = 0
    }

    // MARK: Reading

    /// Whether the next read must have a transaction id of its own, see ``Horizon/bound``. It costs a commit, so it is asked for
    /// only behind a hole.
    package var needsBound: Bool { hole == .seen }

    /// Begins a read. What is ready is dropped, because the read finds it. Nothing may be unanswered.
    ///
    /// - Returns: what must be written in the same flight, in front of the read.
    package mutating func beginRead() -> Settlement {
        precondition(!isPublishing && !isReading)
        dropReady()
        isReading = true
        readAgain = false
        return takeSettlement()
    }

    /// A read is back. Its rows are the next to be published, at once, as if by ``take(_:)``.
    ///
    /// - Parameters:
    ///   - rows: in the order of their ids.
    ///   - last: the last number given to an event, as the read saw it.
    ///   - horizon: what the read could see.
    ///   - isComplete: whether the read was not cut short by a limit.
    ///   - hasRefused: whether refused rows wait for their time.
    /// - Returns: whether rows were handed over meanwhile that only another read can put into their place.
    @discardableResult
    package mutating func endRead(_ rows: [Row], last: Int64, horizon: Horizon, isComplete: Bool, hasRefused: Bool) -> Bool {
        isReading = false
        isPublishing = !rows.isEmpty
        self.hasRefused = hasRefused
        settleHole(horizon)
        if pass(rows) { hole = .seen }
        mustRead = !isComplete || hasRefused || asideIsLost || readAgain || hole != .none
        nextSequence = max(last, rows.last { $0.sequence != nil }?.sequence ?? 0) + 1
        for row in rows { recent.insert(row.id) }
        let (offers, count) = (aside, asideCount)
        (aside, asideSize, asideCount, asideIsLost) = ([], 0, 0, false)
        for rows in offers where !mustRead { _ = classify(rows) }
        return mustRead && count > 0
    }

    /// Forgets a hole that an earlier read has found, if everybody who could fill it had ended before this read looked.
    private mutating func settleHole(_ horizon: Horizon) {
        if hole == .seen, let bound = horizon.bound { hole = .below(bound) }
        if case .below(let bound) = hole, horizon.ended >= bound { hole = .none }
    }

    /// Puts ``nextID`` behind the rows.
    ///
    /// - Returns: whether it has passed ids that nobody has seen.
    private mutating func pass(_ rows: [Row]) -> Bool {
        var hasHole = nextID == 0
        for row in rows where row.id >= nextID {
            if row.id > nextID { hasHole = true }
            nextID = row.id + 1
        }
        nextID = max(nextID, 1)
        return hasHole
    }

    // MARK: Publishing

    /// The next rows to publish, in order. Nothing while rows are unanswered: if those fail, these must not overtake them.
    package mutating func take(_ limit: Int) -> [Row] {
        guard isLeading, !mustRead, !isReading, !isPublishing, !ready.isEmpty else { return [] }
        let rows = Array(ready.prefix(limit))
        ready.removeFirst(rows.count)
        readySize -= rows.reduce(0) { $0 + $1.size }
        isPublishing = true
        return rows
    }

    /// The rows taken have their answers.
    package mutating func settle(_ ledger: RelayLedger) {
        isPublishing = false
        settlement.done += ledger.done
        settlement.refused += ledger.refused
        if !ledger.refused.isEmpty { hasRefused = true }
        // Those behind them must wait until they have been read again.
        if !ledger.refused.isEmpty || ledger.unanswered > 0 { requireRead() }
    }

    /// How many rows the broker has that are still in the outbox.
    package var doneCount: Int { settlement.done.count }

    /// What is to be written now.
    package mutating func takeSettlement() -> Settlement {
        defer { settlement = Settlement() }
        return settlement
    }
}

/// The ids seen last, so many of them.
private struct RecentIDs: Sendable {
    private var order: Deque<Int64> = []
    private var ids: Set<Int64> = []
    private let capacity: Int

    init(capacity: Int) { self.capacity = capacity }

    func contains(_ id: Int64) -> Bool { ids.contains(id) }

    mutating func insert(_ id: Int64) {
        guard ids.insert(id).inserted else { return }
        order.append(id)
        if order.count > capacity, let oldest = order.popFirst() { ids.remove(oldest) }
    }
}
