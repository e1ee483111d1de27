/// Consumes a queue with manual acknowledgement.
///
/// It subscribes again by itself after a reconnect, after the broker cancelled it, and after the broker closed its
/// channel. One task at a time may wait for deliveries; acknowledgements may come from anywhere.
public final class AMQPConsumer: Sendable {
    /// The queue.
    public let queue: String
    private let id: UInt64
    private let inbox: ConsumerInbox
    private let pump: ConnectionPump

    init(id: UInt64, queue: String, inbox: ConsumerInbox, pump: ConnectionPump) {
        self.id = id
        self.queue = queue
        self.inbox = inbox
        self.pump = pump
    }

    deinit {
        inbox.close()
        pump.enqueue(.removeConsumer(id: id, OneShot()))
    }

    /// The opening of the channel that answers are possible for now; 0 while there is none. A delivery with another
    /// epoch is stale: the broker has put it back into the queue and delivers it again.
    public var epoch: UInt64 { inbox.epoch }

    /// Waits until at least one delivery is there and takes all that are, at most `max` (at least 1).
    ///
    /// - Returns: nil after ``endDeliveries()``, ``close()`` or the end of the client.
    /// - Throws: ``AMQPError``: the broker's code if it refused the subscription or closed the channel, for example 404;
    ///   it is told once per attempt, and the consumer goes on trying, so calling again is right.
    ///   ``AMQPError/Code/cancelled`` if the task is cancelled.
    public func nextBatch(max: Int) async throws(AMQPError) -> [Delivery]? {
        try await inbox.next(max: Swift.max(1, max))
    }

    /// Tells the broker that a delivery is done with. Returns at once; adjacent answers travel together.
    ///
    /// An answer to a delivery from before a reconnect is ignored, as is a second answer to the same delivery.
    /// - Parameter multiple: also all deliveries before it that have no answer yet.
    public func acknowledge(through delivery: Delivery, multiple: Bool) {
        settle(delivery, .acknowledge(multiple: multiple))
    }

    /// Gives a delivery back, or away.
    /// - Parameter requeue: true to have it delivered again, false to drop or dead-letter it.
    public func reject(_ delivery: Delivery, requeue: Bool) {
        settle(delivery, .reject(requeue: requeue))
    }

    private func settle(_ delivery: Delivery, _ kind: Settlement.Kind) {
        pump.enqueue(.settle(consumer: id, Settlement(tag: delivery.tag, epoch: delivery.epoch, kind: kind)))
    }

    /// Has ``nextBatch(max:)`` return nil from now on, at once for a task that waits in it. What it has returned before can still be
    /// acknowledged, until ``close()``, which gives the rest back.
    public func endDeliveries() { inbox.close() }

    /// Sends the acknowledgements given so far and ends the subscription; the broker puts everything without an answer
    /// back into the queue, to its place, before the queue's next consumer gets anything. To go on, make another consumer:
    /// a pause that kept what has been delivered would let later messages overtake it.
    /// Returns after two seconds at the latest.
    public func close() async {
        inbox.close()
        let done = OneShot<Void>()
        guard pump.enqueue(.removeConsumer(id: id, done)) else { return }
        await done.wait(atMost: .seconds(2), otherwise: ())
    }
}
