import DequeModule

/// Requests of one channel: sent without waiting for one another, answered by the broker in order. Pure.
///
/// If the broker closes the channel, the first unanswered request is the cause, since answers to the earlier ones came
/// before; it ignored all later ones, so they can be sent again on a new channel.
package struct RequestQueue<Request> {
    private var waiting: Deque<Request> = []
    private var sent: Deque<Request> = []

    package init() {}

    package var isEmpty: Bool { waiting.isEmpty && sent.isEmpty }
    package var hasWaiting: Bool { !waiting.isEmpty }
    /// The request that the next answer is for.
    package var current: Request? { sent.first }

    package mutating func append(_ request: Request) { waiting.append(request) }

    /// Puts requests in front of those that wait, keeping their order.
    package mutating func prepend(_ requests: [Request]) {
        for request in requests.reversed() { waiting.prepend(request) }
    }

    /// The next request to send.
    package mutating func next() -> Request? {
        guard let request = waiting.popFirst() else { return nil }
        sent.append(request)
        return request
    }

    /// Takes out the request that ``next()`` gave last, if it was not sent after all.
    package mutating func dropLastSent() { _ = sent.popLast() }

    /// An answer came: the request that it is for, nil if nothing was asked.
    package mutating func answered() -> Request? { sent.popFirst() }

    /// The broker closed the channel: the request to blame. The others that were sent wait again, first in line.
    package mutating func channelClosed() -> Request? {
        let culprit = sent.popFirst()
        while let request = sent.popLast() { waiting.prepend(request) }
        return culprit
    }

    /// The connection is gone: everything sent waits again if `keep` says so; the rest is returned.
    package mutating func connectionLost(keep: (Request) -> Bool) -> [Request] {
        var lost: [Request] = []
        while let request = sent.popLast() {
            if keep(request) { waiting.prepend(request) } else { lost.append(request) }
        }
        return lost.reversed()
    }

    /// Takes out what waits unsent and matches.
    package mutating func removeWaiting(where matches: (Request) -> Bool) -> [Request] {
        var removed: [Request] = []
        waiting.removeAll { request in
            guard matches(request) else { return false }
            removed.append(request)
            return true
        }
        return removed
    }

    /// Takes out everything.
    package mutating func drain() -> [Request] {
        defer {
            sent.removeAll()
            waiting.removeAll()
        }
        return Array(sent) + Array(waiting)
    }

    /// Visits all, sent and waiting.
    package func forEach(_ body: (Request) -> Void) {
        for request in sent { body(request) }
        for request in waiting { body(request) }
    }
}
