import Broker
import NIOCore

/// Disk work that runs when the test says so; a stand-in for threads.
final class SteppedExecutor: DiskExecutor {
    private var work: [() -> Void] = []

    func run<Output: Sendable>(_ work: @escaping @Sendable () -> Output, then completion: @escaping (Output) -> Void) {
        self.work.append { completion(work()) }
    }

    var isEmpty: Bool { work.isEmpty }

    /// Does one of the jobs.
    func step(_ index: Int = 0) {
        guard work.indices.contains(index) else { return }
        work.remove(at: index)()
    }

    func drain() {
        while !work.isEmpty { step() }
    }

    /// The process is gone.
    func forget() { work = [] }

    var count: Int { work.count }
}

/// A clock that stands still until it is moved.
final class StoreClock: Timekeeper {
    private(set) var now: Int64 = 1_700_000_000_000
    var uptime: Int64 { now }
    private var actions: [(due: Int64, number: Int, action: () -> Void)] = []
    private var next = 0

    final class Scheduled: ScheduledAction {
        let cancelling: () -> Void
        init(_ cancelling: @escaping () -> Void) { self.cancelling = cancelling }
        func cancel() { cancelling() }
    }

    func schedule(after milliseconds: Int64, _ action: @escaping () -> Void) -> any ScheduledAction {
        next += 1
        let number = next
        actions.append((now + milliseconds, number, action))
        return Scheduled { [weak self] in self?.actions.removeAll { $0.number == number } }
    }

    func advance(_ milliseconds: Int64) {
        let end = now + milliseconds
        while let index = actions.indices.filter({ actions[$0].due <= end }).min(by: { actions[$0].due < actions[$1].due }) {
            let due = actions.remove(at: index)
            now = max(now, due.due)
            due.action()
        }
        now = end
    }

    func forget() { actions = [] }
}

enum Sample {
    /// A message that can be told from all others.
    static func message(_ number: Int, bytes: Int = 40, persistent: Bool = true) -> Message {
        var attributes = MessageAttributes()
        attributes.isPersistent = persistent
        attributes.priority = UInt8(number % 10)
        attributes.expiration = number % 3 == 0 ? Int64(number) : nil
        attributes.hasHeaders = number % 2 == 0
        var body = ByteBuffer(string: "message \(number) ")
        while body.readableBytes < bytes { body.writeInteger(UInt8(truncatingIfNeeded: number &+ body.readableBytes)) }
        return Message(
            exchange: "exchange \(number % 7)", routingKey: "key.\(number)", properties: ByteBuffer(string: "properties \(number)"),
            body: body, attributes: attributes)
    }

    static func isEqual(_ one: Message, _ other: Message) -> Bool {
        one.exchange == other.exchange && one.routingKey == other.routingKey && one.properties == other.properties
            && one.body == other.body && one.attributes == other.attributes
    }

    static func slot(_ queue: Int, _ position: Int, expiresAt: Int64 = .max) -> QueueSlot {
        QueueSlot(queue: QueueID(rawValue: UInt32(queue)), position: UInt64(position), expiresAt: expiresAt)
    }

    /// Small segments, so that a few messages fill them.
    static func configuration(seed: UInt64 = 1, segmentSize: Int = 16 << 10) -> SegmentStoreConfiguration {
        var configuration = SegmentStoreConfiguration()
        configuration.segmentSize = segmentSize
        configuration.freeSpaceLimit = 0
        configuration.slack = 2 * segmentSize
        configuration.compactionStep = 4 << 10
        configuration.spareSegments = 2
        configuration.commitPlace = .loop
        var random = SeededGenerator(seed: seed)
        configuration.makeTag = { random.next() }
        return configuration
    }
}
