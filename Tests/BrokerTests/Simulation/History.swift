import Broker
import NIOCore

/// One history of a whole broker core: real queues and exchanges on the real log on a simulated disk, with virtual
/// time. Everything follows from the seed.
///
/// What must hold:
/// - A confirmed message that went to a durable queue is there, in that queue or its dead-letter queue, until somebody
///   handled it: each such copy is acknowledged in the end, or was purged.
/// - Nothing is delivered that was not published to that queue, and every message arrives as it was sent.
/// - A queue delivers in order; only what came back may come later.
/// - A message is with one consumer at a time, stands at one place in a queue, and not both in a queue and in the
///   dead-letter queue that it went to.
/// - What was acknowledged, once that is on disk, never comes back.
/// - What a crash has torn is never taken for damage, at any later start.
/// - In the end nothing is left: no message, no byte counted, no record in the log.
final class History: DiskTrouble {
    let seed: UInt64
    let sabotage: SabotagedStore.Sabotage
    let disk: SimulatedStorage
    let executor = SteppedExecutor()
    let time = VirtualTime()
    var random: SeededGenerator
    var configuration: SegmentStoreConfiguration
    let plan: HistoryPlan
    let book = HistoryBook()

    var store: SegmentStore?
    var core: BrokerCore?
    var seam: SabotagedStore?
    var channels: [HistoryChannel] = []
    var hasFailed = false
    var starts = 0

    var violation: String? { book.violation }

    init(seed: UInt64, sabotage: SabotagedStore.Sabotage = .none) {
        self.seed = seed
        self.sabotage = sabotage
        disk = SimulatedStorage(seed: seed)
        random = SeededGenerator(seed: seed &* 977 &+ 5)
        plan = HistoryPlan(&random)
        configuration = Sample.configuration(seed: seed, segmentSize: 12 << 10)
        // Never by the time that a sync takes: that is not the same twice.
        configuration.commitPlace = [.loop, .thread][Int(seed / 2 % 2)]
        let sector = seed % 2 == 0 ? 512 : 4096
        let lies = sabotage == .syncLies
        let keepsTails = sabotage == .tornTailsStay
        disk.setFaults {
            $0.syncLies = lies
            $0.keepsTails = keepsTails
            $0.sector = sector
        }
    }

    /// - Returns: what was wrong, or nil.
    func run(operations: Int) throws -> String? {
        try restart()
        for _ in 0..<operations where violation == nil {
            try step()
            afterStep()
            if !disk.hasPower || hasFailed { try restart() }
        }
        if violation == nil { try finish() }
        return violation
    }

    private func step() throws {
        switch Int.random(in: 0..<1_000, using: &random) {
        case ..<330: publish()
        case ..<380: consume()
        case ..<400: cancel()
        case ..<560: settleOne()
        case ..<640: get()
        case ..<650: closeChannel()
        case ..<655: purge()
        case ..<860: turn()
        case ..<930: time.advance(by: Int64.random(in: 0...40, using: &random))
        case ..<945: flow()
        case ..<955: runOut()
        case ..<970: giveRoom()
        case ..<978: try restart()
        case ..<982: losePowerSoon()
        case ..<984: failSyncSoon()
        default: workOnDisk()
        }
    }

    private func turn() {
        store?.commit()
        workOnDisk()
    }

    private func workOnDisk() {
        while !executor.isEmpty, chance(70) { executor.step(Int.random(in: 0..<executor.count, using: &random)) }
    }

    func afterStep() {
        guard let seam, !hasFailed, disk.hasPower || sabotage == .earlyConfirms else { return }
        book.becameDurable(seam.durable)
    }

    // MARK: - Clients

    private func publish() {
        guard let core, core.blockReason == nil, let host = core.hosts["/"] else { return }
        let (exchange, key) = plan.destination(&random)
        let number = book.nextNumber()
        let message = HistoryMessage.make(
            number, exchange: exchange, key: key, persistent: !chance(10),
            expiration: key == "work" && chance(20) ? Int64.random(in: 0...60, using: &random) : nil,
            priority: UInt8.random(in: 0...4, using: &random),
            bytes: chance(2) ? 9_000 : Int.random(in: 0...300, using: &random))
        book.willPublish(message, number, to: plan.queues(exchange: exchange, key: key))
        do {
            let outcome = try host.publish(message)
            book.published(number, outcome)
        } catch {
            book.fail("publishing failed: \(error)")
        }
    }

    private func anyQueue() -> Queue? {
        core?.hosts["/"]?.queues[plan.names.randomElement(using: &random) ?? ""]
    }

    private func consume() {
        guard let queue = anyQueue() else { return }
        let channel: HistoryChannel
        if channels.count < 4 || chance(10) {
            channel = HistoryChannel(book: book, number: UInt16(channels.count % 60_000))
            channels.append(channel)
        } else {
            channel = channels[Int.random(in: 0..<channels.count, using: &random)]
        }
        let consumer = Consumer(
            tag: "c\(book.deliveries)", queue: queue, channel: channel, noAck: chance(5), isExclusive: false,
            priority: Int32.random(in: 0...1, using: &random), arguments: [:],
            prefetch: UInt16.random(in: 1...6, using: &random))
        channel.consumers.append(consumer)
        do { try queue.subscribe(consumer) } catch { book.fail("subscribing failed: \(error)") }
    }

    private func cancel() {
        guard let channel = channels.randomElement(using: &random), !channel.consumers.isEmpty else { return }
        let consumer = channel.consumers.remove(at: Int.random(in: 0..<channel.consumers.count, using: &random))
        consumer.queue.unsubscribe(consumer)
    }

    private func settleOne() {
        guard let channel = channels.randomElement(using: &random), !channel.held.isEmpty else { return }
        let first = chance(70) ? 0 : Int.random(in: 0..<channel.held.count, using: &random)
        let count = chance(70) ? 1 : Int.random(in: 1...channel.held.count - first, using: &random)
        let settled = Array(channel.held[first..<first + count])
        channel.held.removeSubrange(first..<first + count)
        let kind = Int.random(in: 0..<10, using: &random)
        for delivery in settled {
            delivery.consumer?.unacknowledged -= 1
            if kind < 6 {
                acknowledge(delivery)
            } else {
                book.gaveBack(delivery.queue, delivery.entry, rejected: kind == 9)
                delivery.queue.reject(delivery.entry, requeue: kind != 9)
            }
        }
        for consumer in channel.consumers { consumer.queue.consumerHasCapacity(consumer) }
    }

    private func acknowledge(_ delivery: HistoryChannel.Delivery) {
        delivery.queue.acknowledge(delivery.entry)
        book.acknowledged(delivery.queue, delivery.entry, at: seam?.appended ?? 0)
    }

    private func get() {
        guard let queue = anyQueue(), let (entry, message, _) = queue.get() else { return }
        book.delivered(queue, entry, message, noAck: false)
        let delivery = HistoryChannel.Delivery(queue: queue, entry: entry, consumer: nil)
        if chance(40) {
            acknowledge(delivery)
        } else if let channel = channels.first {
            channel.held.append(delivery)
        } else {
            book.gaveBack(queue, entry, rejected: false)
            queue.reject(entry, requeue: true)
        }
    }

    private func closeChannel() {
        guard !channels.isEmpty else { return }
        let channel = channels.remove(at: Int.random(in: 0..<channels.count, using: &random))
        channel.isOpen = false
        for consumer in channel.consumers { consumer.queue.unsubscribe(consumer) }
        for name in plan.names {
            let back = channel.held.filter { $0.queue.name == name }
            guard let queue = back.first?.queue else { continue }
            for delivery in back { book.gaveBack(queue, delivery.entry, rejected: false) }
            queue.requeue(back.map(\.entry))
        }
        channel.close()
    }

    private func purge() {
        guard let queue = anyQueue() else { return }
        book.willPurge(queue.name)
        do { try core?.hosts["/"]?.purgeQueue(queue.name, requester: nil) } catch {
            book.fail("purging failed: \(error)")
        }
    }

    private func flow() {
        guard let channel = channels.randomElement(using: &random) else { return }
        channel.isOpen.toggle()
        if channel.isOpen { for consumer in channel.consumers { consumer.queue.consumerHasCapacity(consumer) } }
    }
}
