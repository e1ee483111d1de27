import AMQP
import Messaging
import Testing

/// The rules by which rows that were handed over in memory are published. Each that says so was seen to fail with its guard
/// taken out of ``RelayFeed``.
struct RelayFeedTests {
    typealias Feed = RelayFeed<Int>

    private func row(_ id: Int64, event sequence: Int64? = nil, size: Int = 0) -> Feed.Row {
        Feed.Row(id: id, sequence: sequence, size: size, message: Int(id))
    }

    /// No transaction was open.
    private let quiet = Feed.Horizon(ended: 50, bound: 50)

    /// Leads, and has read an outbox in which nothing was left behind id 9 and event 4.
    private func caughtUp(capacity: Int = 100) -> Feed {
        var feed = Feed(capacity: capacity)
        feed.lead()
        _ = feed.beginRead()
        feed.endRead([row(9, event: 4)], last: 4, horizon: quiet, isComplete: true, hasRefused: false)
        feed.settle(confirmed([row(9)]))
        _ = feed.beginRead()
        feed.endRead([], last: 4, horizon: quiet, isComplete: true, hasRefused: false)
        return feed
    }

    private func confirmed(_ rows: [Feed.Row]) -> RelayLedger {
        RelayLedger(rows: rows.map { ($0.id, 0) }, outcomes: rows.map { _ in .confirmed })
    }

    @Test func whatFollowsWithoutAHoleIsPublishedFromMemory() {
        var feed = caughtUp()
        #expect(feed.offer([row(10, event: 5), row(11), row(12, event: 6)]) == .taken)
        #expect(feed.offer([row(13)]) == .taken)
        let rows = feed.take(3)
        #expect(rows.map(\.id) == [10, 11, 12])
        feed.settle(confirmed(rows))
        #expect(feed.take(3).map(\.id) == [13])
        #expect(feed.takeSettlement().done == [10, 11, 12])
    }

    /// Whoever asks may have committed after the read has looked. Fails when the end of the read answers that too (`readAgain`).
    @Test func whatIsAskedForDuringAReadComesAfterIt() {
        var feed = caughtUp()
        feed.requireRead()
        _ = feed.beginRead()
        feed.requireRead()
        feed.endRead([], last: 4, horizon: quiet, isComplete: true, hasRefused: false)
        #expect(feed.mustRead)
        _ = feed.beginRead()
        feed.endRead([], last: 4, horizon: quiet, isComplete: true, hasRefused: false)
        #expect(!feed.mustRead)
    }

    @Test func nothingIsTakenBeforeTheOutboxWasRead() {
        var feed = Feed(capacity: 100)
        #expect(feed.offer([row(1)]) == .standby)
        feed.lead()
        #expect(feed.offer([row(1)]) == .mustRead)
        #expect(feed.take(10).isEmpty)
    }

    /// Another process has committed row 10, or row 10 was not handed over. Fails without the comparison of ids.
    @Test func aHoleInTheIDsMustBeRead() {
        var feed = caughtUp()
        #expect(feed.offer([row(11)]) == .mustRead)
        #expect(feed.take(10).isEmpty)
        _ = feed.beginRead()
        feed.endRead([row(10), row(11)], last: 4, horizon: quiet, isComplete: true, hasRefused: false)
        feed.settle(confirmed([row(10), row(11)]))
        #expect(feed.offer([row(12)]) == .taken)
    }

    /// Another process writes row 10 and commits after row 11 was read, but before row 12 is begun. Fails when holes are
    /// forgotten: row 12 overtakes row 10.
    @Test func aHoleIsReadUntilNobodyCanFillIt() {
        var feed = caughtUp()
        #expect(feed.offer([row(11)]) == .mustRead)
        _ = feed.beginRead()
        feed.endRead([row(11)], last: 4, horizon: .init(ended: 60), isComplete: true, hasRefused: false)
        feed.settle(confirmed([row(11)]))
        #expect(feed.offer([row(12)]) == .mustRead)
        #expect(feed.needsBound)
        _ = feed.beginRead()
        feed.endRead([row(12)], last: 4, horizon: .init(ended: 69, bound: 70), isComplete: true, hasRefused: false)
        feed.settle(confirmed([row(12)]))
        #expect(feed.offer([row(13)]) == .mustRead)
        #expect(!feed.needsBound)
        _ = feed.beginRead()
        feed.endRead([row(10), row(13)], last: 4, horizon: .init(ended: 70), isComplete: true, hasRefused: false)
        feed.settle(confirmed([row(10), row(13)]))
        #expect(feed.offer([row(14)]) == .taken)
    }

    /// Transaction 60 writes row 11 and commits; 61 has written row 10 and is open. The snapshot of the read knows nothing of 61: all
    /// before 61 had ended, and none that had ended is above 60. Fails when the hole counts as settled once all have ended that the
    /// read knew of (`ended` of the first read as its bound): row 12 overtakes row 10.
    @Test func whoHasBegunBehindTheLastThatHasEndedIsWaitedFor() {
        var feed = caughtUp()
        #expect(feed.offer([row(11)]) == .mustRead)
        _ = feed.beginRead()
        feed.endRead([row(11)], last: 4, horizon: .init(ended: 61), isComplete: true, hasRefused: false)
        feed.settle(confirmed([row(11)]))
        _ = feed.beginRead()
        feed.endRead([], last: 4, horizon: .init(ended: 61, bound: 62), isComplete: true, hasRefused: false)
        // Transaction 61 commits row 10, and after that another one row 12 of the same key.
        #expect(feed.offer([row(12)]) == .mustRead)
        #expect(feed.take(10).isEmpty)
        _ = feed.beginRead()
        feed.endRead([row(10), row(12)], last: 4, horizon: .init(ended: 64), isComplete: true, hasRefused: false)
        feed.settle(confirmed([row(10), row(12)]))
        #expect(feed.offer([row(13)]) == .taken)
    }

    /// A read that had a transaction id before it looked, by the deletion in front of it, does not bound the holes that it finds:
    /// who fills them may have begun in between. Fails when it does.
    @Test func aReadDoesNotBoundItsOwnHoles() {
        var feed = caughtUp()
        #expect(feed.offer([row(11)]) == .mustRead)
        _ = feed.beginRead()
        feed.endRead([row(11)], last: 4, horizon: .init(ended: 60, bound: 60), isComplete: true, hasRefused: false)
        feed.settle(confirmed([row(11)]))
        #expect(feed.needsBound)
        #expect(feed.offer([row(12)]) == .mustRead)
    }

    @Test func aHoleWithinATransactionMustBeRead() {
        var feed = caughtUp()
        #expect(feed.offer([row(10), row(12)]) == .mustRead)
        #expect(feed.take(10).isEmpty)
    }

    /// Commands of id 10 commit before events of ids 7 and 8, whose transaction began earlier, and another event follows.
    /// Fails without the comparison of the numbers: event 6 is published before event 5.
    @Test func aHoleInTheNumbersMustBeRead() {
        var feed = caughtUp()
        #expect(feed.offer([row(10)]) == .taken)
        #expect(feed.offer([row(11, event: 6)]) == .mustRead)
    }

    /// Fails when ids that were passed count as known.
    @Test func whatCommitsLateMustBeRead() {
        var feed = caughtUp()
        #expect(feed.offer([row(7, event: 5)]) == .mustRead)
    }

    /// Fails without the memory of the ids that were read: the rows are looked for again.
    @Test func whatAReadHasFoundIsNotPublishedAgain() {
        var feed = caughtUp()
        #expect(feed.offer([row(9, event: 4)]) == .left)
        #expect(!feed.mustRead)
        #expect(feed.take(10).isEmpty)
    }

    /// One transaction is seen by the read, the next one is not.
    @Test func whatIsHandedOverDuringAReadIsSortedAfterIt() {
        var feed = caughtUp()
        feed.requireRead()
        _ = feed.beginRead()
        #expect(feed.offer([row(10, event: 5)]) == .left)
        #expect(feed.offer([row(11, event: 6)]) == .left)
        feed.endRead([row(10, event: 5)], last: 5, horizon: quiet, isComplete: true, hasRefused: false)
        // What was read goes first.
        #expect(feed.take(10).isEmpty)
        feed.settle(confirmed([row(10)]))
        #expect(feed.take(10).map(\.id) == [11])
        #expect(!feed.mustRead)
    }

    /// A hole keeps them from being taken from memory, and whoever handed them over was told that the read would see to it. Fails when
    /// nobody hears that another read is due: they wait for the next poll.
    @Test func whatIsHandedOverDuringAReadBehindAHoleAsksForAnother() {
        var feed = caughtUp()
        #expect(feed.offer([row(11)]) == .mustRead)
        _ = feed.beginRead()
        feed.endRead([row(11)], last: 4, horizon: .init(ended: 60), isComplete: true, hasRefused: false)
        feed.settle(confirmed([row(11)]))
        _ = feed.beginRead()
        #expect(feed.offer([row(12)]) == .left)
        let isLeft = feed.endRead([], last: 4, horizon: .init(ended: 60, bound: 62), isComplete: true, hasRefused: false)
        #expect(isLeft)
        _ = feed.beginRead()
        let isLeftAgain = feed.endRead([row(12)], last: 4, horizon: .init(ended: 62), isComplete: true, hasRefused: false)
        #expect(!isLeftAgain && !feed.mustRead)
    }

    /// Fails when a read that was cut short counts as one that has found everything.
    @Test func aReadThatWasCutShortIsFollowedByAnother() {
        var feed = caughtUp()
        feed.requireRead()
        _ = feed.beginRead()
        #expect(feed.offer([row(11)]) == .left)
        feed.endRead([row(10)], last: 4, horizon: quiet, isComplete: false, hasRefused: false)
        feed.settle(confirmed([row(10)]))
        #expect(feed.mustRead)
        #expect(feed.take(10).isEmpty)
    }

    /// Fails when rows are taken while others are unanswered: if those fail, these have overtaken them.
    @Test func oneFlightAtATime() {
        var feed = caughtUp()
        _ = feed.offer([row(10), row(11)])
        #expect(feed.take(1).map(\.id) == [10])
        #expect(feed.take(1).isEmpty)
    }

    /// Fails when what waits behind a row without an answer is not dropped.
    @Test(arguments: [PublishOutcome.nacked, .failed(AMQPError(.connectionClosed, "gone"))])
    func whatFailedIsReadAgainBeforeAnythingElse(outcome: PublishOutcome) {
        var feed = caughtUp()
        _ = feed.offer([row(10), row(11)])
        let rows = feed.take(1)
        feed.settle(RelayLedger(rows: rows.map { ($0.id, 0) }, outcomes: [outcome]))
        #expect(feed.mustRead)
        #expect(feed.take(1).isEmpty)
        let settlement = feed.beginRead()
        #expect(settlement.done.isEmpty)
        feed.endRead([row(10), row(11)], last: 4, horizon: quiet, isComplete: true, hasRefused: false)
        feed.settle(confirmed([row(10), row(11)]))
        #expect(feed.take(1).isEmpty)
    }

    /// Only the database knows who waits behind a refused row. Fails when it is not asked.
    @Test func whileSomethingIsRefusedEverythingIsRead() {
        var feed = caughtUp()
        feed.requireRead()
        _ = feed.beginRead()
        feed.endRead([], last: 4, horizon: quiet, isComplete: true, hasRefused: true)
        #expect(feed.offer([row(10)]) == .mustRead)
        #expect(feed.take(1).isEmpty)
    }

    /// Fails when the lock's loss does not empty the memory.
    @Test func whoLosesTheLockPublishesNothing() {
        var feed = caughtUp()
        _ = feed.offer([row(10)])
        feed.resign()
        #expect(feed.take(1).isEmpty)
        #expect(feed.offer([row(11)]) == .standby)
        feed.lead()
        #expect(feed.take(1).isEmpty)
        #expect(feed.mustRead)
    }

    @Test func memoryIsBounded() {
        var feed = caughtUp(capacity: 3)
        #expect(feed.offer([row(10), row(11)]) == .taken)
        #expect(feed.offer([row(12), row(13)]) == .mustRead)
        #expect(feed.take(10).isEmpty)
        var small = Feed(capacity: 100, sizeLimit: 1_000)
        small.lead()
        _ = small.beginRead()
        #expect(small.offer([row(1, size: 2_000)]) == .left)
        small.endRead([], last: 0, horizon: quiet, isComplete: true, hasRefused: false)
        #expect(small.mustRead)
    }

    /// A database in miniature: transactions of two processes that begin, commit and are handed over in any order, a relay
    /// that loses its lock, a broker that loses its connection. Everything is published, each source's events in order.
    ///
    /// Transaction ids are given in another order than ids of rows, and a snapshot knows only what is below the last transaction that
    /// has ended. With `pg_snapshot_xmax` as the bound of a hole, one seed in 200 fails.
    @Test(arguments: 0..<3_000)
    func nothingIsLostAndEventsKeepTheirOrder(seed: Int) {
        var world = OutboxWorld(seed: UInt64(seed))
        for _ in 0..<400 { world.step() }
        world.finish()
        #expect(world.unpublished.isEmpty, "lost")
        #expect(world.firstEvents == world.firstEvents.sorted(), "out of order")
        #expect(world.firstEvents == Array(0..<Int64(world.firstEvents.count)).map { $0 + 1 }, "a number is missing")
        #expect(world.overtaken == nil, "a row overtook one that was committed before it was written")
    }
}

/// See ``RelayFeedTests/nothingIsLostAndEventsKeepTheirOrder(seed:)``.
private struct OutboxWorld {
    typealias Row = RelayFeed<Int>.Row
    struct Transaction {
        /// None before it has written.
        var rows: [Row] = []
        var xid: Int64
        var isMine: Bool
        var isEvent: Bool
    }

    var random: SeededGenerator
    var feed = RelayFeed<Int>(capacity: 12)
    var nextID: Int64 = 1
    var nextXID: Int64 = 1
    /// The highest id of a transaction that has ended: what is above it, a snapshot takes for not begun.
    var lastEnded: Int64 = 0
    var isFinishing = false
    var time = 0
    var begunAt: [Int64: Int] = [:]
    var committedAt: [Int64: Int] = [:]
    var lastSequence: Int64 = 0
    var open: [Transaction] = []
    var unsent: [Int64: Row] = [:]
    var toHandOver: [[Row]] = []
    var published: [Row] = []
    var isLeading = false
    /// Rows with the broker, no answer yet.
    var flight: [Row] = []

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    mutating func step() {
        switch Int.random(in: 0..<35, using: &random) {
        case 0..<4: begin()
        case 4..<9: write()
        case 9..<14: end()
        case 14..<16: handOver()
        case 16..<24: relay()
        case 24: if Int.random(in: 0..<8, using: &random) == 0 { loseLock() }
        default: answer()
        }
    }

    /// A transaction has its id before it has the first id of a row.
    mutating func begin() {
        guard open.count < 3, !isFinishing else { return }
        let isMine = Int.random(in: 0..<4, using: &random) > 0
        open.append(Transaction(xid: nextXID, isMine: isMine, isEvent: Int.random(in: 0..<3, using: &random) == 0))
        nextXID += 1
    }

    /// A transaction with events takes the lock of the numbers: only one of those has written and is open at a time.
    mutating func write() {
        guard let index = open.indices.filter({ open[$0].rows.isEmpty }).randomElement(using: &random) else { return }
        let isEvent = open[index].isEvent
        if isEvent, open.contains(where: { $0.isEvent && !$0.rows.isEmpty }) { return }
        time += 1
        for number in 0..<Int.random(in: 1...3, using: &random) {
            let row = Row(id: nextID, sequence: isEvent ? lastSequence + Int64(number) + 1 : nil, message: Int(nextID))
            open[index].rows.append(row)
            begunAt[nextID] = time
            nextID += 1
        }
    }

    mutating func end() {
        guard let any = open.indices.randomElement(using: &random) else { return }
        let transaction = open.remove(at: Bool.random(using: &random) ? 0 : any)
        lastEnded = max(lastEnded, transaction.xid)
        if transaction.rows.isEmpty || Int.random(in: 0..<6, using: &random) == 0 { return }
        time += 1
        for row in transaction.rows {
            unsent[row.id] = row
            committedAt[row.id] = time
        }
        if transaction.isEvent { lastSequence = transaction.rows.last?.sequence ?? lastSequence }
        guard transaction.isMine else { return }
        toHandOver.append(transaction.rows)
        if Int.random(in: 0..<4, using: &random) > 0 { handOver() }
    }

    mutating func handOver() {
        guard !toHandOver.isEmpty else { return }
        let index = Bool.random(using: &random) ? 0 : Int.random(in: 0..<toHandOver.count, using: &random)
        _ = feed.offer(toHandOver.remove(at: index))
        takeNext()
    }

    mutating func takeNext() {
        guard flight.isEmpty else { return }
        flight = feed.take(4)
    }

    mutating func relay(always: Bool = false) {
        if !isLeading {
            isLeading = true
            feed.lead()
        }
        guard flight.isEmpty, !feed.isPublishing else { return }
        guard feed.mustRead || always else { return delete(feed.takeSettlement()) }
        let needsBound = feed.needsBound
        let settlement = feed.beginRead()
        // A deletion in front of the read gives it its id before it looks.
        var own = settlement.done.isEmpty ? nil : takeXID()
        delete(settlement)
        meanwhile()
        let last = lastSequence
        let ended = min(lastEnded + 1, own ?? .max, open.map(\.xid).min() ?? .max)
        let all = unsent.values.sorted { $0.id < $1.id }
        meanwhile()
        if needsBound, own == nil { own = takeXID() }
        lastEnded = max(lastEnded, own ?? 0)
        flight = Array(all.prefix(5))
        feed.endRead(
            flight, last: last, horizon: .init(ended: ended, bound: needsBound ? own : nil), isComplete: all.count < 5,
            hasRefused: false)
        takeNext()
    }

    /// Others begin, write, commit and are handed over while a read is on its way.
    mutating func meanwhile() {
        for _ in 0..<Int.random(in: 0...2, using: &random) {
            switch Int.random(in: 0..<4, using: &random) {
            case 0: begin()
            case 1: write()
            case 2: end()
            default: handOver()
            }
        }
    }

    mutating func takeXID() -> Int64 {
        defer { nextXID += 1 }
        return nextXID
    }

    mutating func delete(_ settlement: RelayFeed<Int>.Settlement) { for id in settlement.done { unsent[id] = nil } }

    mutating func answer() {
        guard !flight.isEmpty else { return }
        let count = Int.random(in: 0..<8, using: &random) == 0 ? Int.random(in: 0...flight.count, using: &random) : flight.count
        published += flight.prefix(count)
        let ledger = RelayLedger(
            rows: flight.map { ($0.id, 0) },
            outcomes: flight.indices.map { $0 < count ? .confirmed : .failed(AMQPError(.connectionClosed, "gone")) })
        flight = []
        feed.settle(ledger)
        takeNext()
    }

    mutating func loseLock() {
        isLeading = false
        feed.resign()
        // They arrived, but nobody hears of it.
        published += flight
        flight = []
    }

    mutating func finish() {
        isFinishing = true
        while !open.isEmpty { end() }
        while !toHandOver.isEmpty { handOver() }
        for _ in 0..<1_000 {
            while !flight.isEmpty { answer() }
            relay(always: true)
        }
    }

    var unpublished: [Int64] { unsent.keys.sorted() }

    private var first: [Row] {
        var seen: Set<Int64> = []
        return published.filter { seen.insert($0.id).inserted }
    }

    var firstEvents: [Int64] { first.compactMap(\.sequence) }

    /// A row that was published behind one that was written after it had been committed.
    var overtaken: Int64? {
        let rows = first
        for (index, row) in rows.enumerated() {
            let committed = committedAt[row.id] ?? 0
            if rows[..<index].contains(where: { begunAt[$0.id] ?? 0 > committed }) { return row.id }
        }
        return nil
    }
}
