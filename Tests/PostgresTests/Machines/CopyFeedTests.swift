import Postgres
import Testing

@Suite struct CopyFeedTests {
    /// Fails when a piece that libpq had no room for counts as sent: it would be missing in the table.
    @Test func whatIsRefusedIsSentAgain() {
        var feed = CopyFeed()
        feed.begin(10)
        #expect(feed.next() == .put(0..<10))
        feed.answered(0)
        #expect(feed.next() == .flush)
        #expect(feed.next() == .put(0..<10))
        feed.answered(1)
        #expect(feed.next() == .done)
    }

    /// Fails when a piece may be as long as its chunk: its length is counted with 32 bits.
    @Test func aChunkOfAnyLengthIsCut() {
        let count = 5 << 30
        var feed = CopyFeed()
        feed.begin(count)
        var sent = 0
        var waiting = 0
        while true {
            switch feed.next() {
            case .put(let piece):
                #expect(piece.lowerBound == sent && !piece.isEmpty && piece.count <= CopyFeed.limit)
                sent = piece.upperBound
                waiting += piece.count
                feed.answered(1)
            case .flush: waiting = 0
            case .done: return #expect(sent == count)
            case .broken: return #expect(Bool(false))
            }
            if waiting >= 2 * CopyFeed.limit { return #expect(Bool(false), "never flushed") }
        }
    }

    /// Fails when only long chunks are waited for.
    @Test func manyShortChunksAreFlushed() {
        var feed = CopyFeed()
        var waiting = 0
        for _ in 0..<10_000 {
            feed.begin(1000)
            var step = feed.next()
            while step != .done {
                if case .put(let piece) = step {
                    waiting += piece.count
                    feed.answered(1)
                } else {
                    waiting = 0
                }
                step = feed.next()
            }
        }
        #expect(waiting <= CopyFeed.limit)
    }

    /// Fails when it is tried for ever, and when a chunk that could not be sent is passed over for the next.
    @Test(arguments: [[0, 0], [-1], [0, -1]] as [[Int32]])
    func whatCannotBeSentEndsIt(answers: [Int32]) {
        var feed = CopyFeed()
        feed.begin(10)
        for answer in answers {
            if feed.next() == .flush { #expect(feed.next() == .put(0..<10)) }
            feed.answered(answer)
        }
        #expect(feed.next() == .broken)
        feed.begin(10)
        #expect(feed.next() == .broken)
    }
}
