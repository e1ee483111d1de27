import Broker
import NIOCore

/// What a history knows of its messages, and what it holds the broker to.
final class HistoryBook {
    /// A message in one queue; `origin` is the queue that a dead letter came from first.
    struct Copy: Hashable {
        var queue: String
        var number: Int
    }

    struct Place: Hashable {
        var queue: String
        var position: UInt64
    }

    private struct Sent {
        let body: ByteBuffer
        let queues: [String]
        let isPersistent: Bool
        let priority: UInt8
        var waitsFor: LogSequence?
    }

    private(set) var violation: String?
    private(set) var deliveries = 0
    private var sent: [Int: Sent] = [:]
    private var lastNumber = 0
    private var unconfirmed: [Int] = []
    /// Copies that the broker has promised to keep until they are handled.
    private var promised: Set<Copy> = []
    /// Copies that somebody handled, or that may be gone for a good reason.
    private var accounted: Set<Copy> = []

    /// Which message stands at a place; it may never be another one.
    private var copies: [Place: Copy] = [:]
    /// Where a copy stands; it may never be at two places of one queue.
    private var places: [Copy: UInt64] = [:]
    /// Places whose messages are with consumers.
    private var out: Set<Place> = []
    /// The log's number of an acknowledgement; 0 once it is durable.
    private var settled: [Place: LogSequence] = [:]
    /// The last position that was delivered for the first time, by queue and priority, in this life of the broker.
    private var last: [String: UInt64] = [:]
    private var durable: LogSequence = 0

    /// Events, where they are to be printed.
    var trace: ((String) -> Void)?

    func fail(_ text: String) {
        trace?("✘ " + text)
        if violation == nil { violation = text }
    }

    // MARK: - Publishing

    func nextNumber() -> Int {
        lastNumber += 1
        return lastNumber
    }

    func willPublish(_ message: Message, _ number: Int, to queues: [String]) {
        sent[number] = Sent(
            body: message.body, queues: queues, isPersistent: message.attributes.isPersistent,
            priority: message.attributes.priority)
    }

    func published(_ number: Int, _ outcome: PublishOutcome) {
        trace?("published \(number) to \(sent[number]?.queues ?? []): \(outcome)")
        switch outcome {
        case .routed(let sequence):
            sent[number]?.waitsFor = sequence
            if sequence != nil { unconfirmed.append(number) }
        case .unroutable: fail("message \(number) is unroutable")
        case .rejected: break
        }
    }

    /// Confirms leave.
    func becameDurable(_ sequence: LogSequence) {
        if sequence != durable { trace?("durable \(sequence)") }
        durable = sequence
        unconfirmed.removeAll { number in
            guard let message = sent[number], let waitsFor = message.waitsFor, waitsFor <= sequence else {
                return false
            }
            for queue in message.queues where queue != "loose" { promised.insert(Copy(queue: queue, number: number)) }
            return true
        }
    }

    // MARK: - Deliveries

    func delivered(_ queue: Queue, _ entry: QueueEntry, _ message: Message, noAck: Bool) {
        deliveries += 1
        let name = queue.name
        guard let number = HistoryMessage.number(of: message), let original = sent[number] else {
            return fail("\(name) delivers what was never published")
        }
        if message.body != original.body { fail("message \(number) has another body") }
        let origin = origin(of: message)
        if !original.queues.contains(origin ?? name) || (origin != nil) != (name == "dead") {
            fail("message \(number) was never sent to \(origin ?? name), and \(name) delivers it")
        }
        let place = Place(queue: name, position: entry.position)
        trace?(
            "\(name) delivers \(number) at \(entry.position), stored \(String(describing: entry.stored)), no-ack \(noAck)"
        )
        let copy = Copy(queue: origin.map { "\($0) → \(name)" } ?? name, number: number)
        if let other = copies.updateValue(copy, forKey: place), other != copy {
            // Once the log has forgotten a settled message, its position may be used again, be it by the same message that
            // comes from another queue.
            if settled.removeValue(forKey: place) == nil {
                fail("position \(entry.position) of \(name) was \(other) and is \(copy)")
            }
        }
        if let other = places.updateValue(entry.position, forKey: copy), other != entry.position, original.isPersistent {
            fail("message \(number) stands in \(name) at \(other) and \(entry.position)")
        }
        if let sequence = settled[place] {
            fail("\(name) delivers message \(number) again, acknowledged at \(sequence) of \(durable)")
        }
        checkOrder(name, entry)
        if noAck {
            account(name, origin, number)
        } else if !out.insert(place).inserted {
            fail("message \(number) of \(name) is with two consumers")
        }
    }

    private func checkOrder(_ name: String, _ entry: QueueEntry) {
        guard !entry.isRedelivered else { return }
        let key = "\(name) \(entry.priority)"
        if let last = last[key], last >= entry.position { fail("\(name) delivers \(entry.position) after \(last)") }
        last[key] = entry.position
    }

    private func origin(of message: Message) -> String? {
        message.attributes.hasHeaders ? (try? message.headers())?["x-first-death-queue"]?.text : nil
    }

    private func account(_ name: String, _ origin: String?, _ number: Int) {
        accounted.insert(Copy(queue: origin ?? name, number: number))
    }

    func acknowledged(_ queue: Queue, _ entry: QueueEntry, at sequence: LogSequence) {
        let place = Place(queue: queue.name, position: entry.position)
        if out.remove(place) == nil { fail("\(place) acknowledged, but not with a consumer") }
        trace?("acknowledged \(place) at \(sequence)")
        // Without a record there is nothing that could come back.
        settled[place] = sequence
        handled(place)
    }

    private func handled(_ place: Place) {
        guard let number = copies[place]?.number else { return }
        accounted.insert(Copy(queue: place.queue, number: number))
        guard place.queue == "dead" else { return }
        for name in sent[number]?.queues ?? []
        where places[Copy(queue: "\(name) → dead", number: number)] == place.position {
            accounted.insert(Copy(queue: name, number: number))
        }
    }

    /// - Parameter rejected: for good; only queues with a dead-letter exchange still have to account for it.
    func gaveBack(_ queue: Queue, _ entry: QueueEntry, rejected: Bool) {
        let place = Place(queue: queue.name, position: entry.position)
        trace?("gave back \(place), rejected \(rejected)")
        out.remove(place)
        if rejected, !["work", "loose"].contains(queue.name) { handled(place) }
    }

    /// All that may wait in the queue may be gone.
    func willPurge(_ name: String) {
        trace?("purge \(name)")
        for (number, message) in sent {
            for queue in message.queues where queue == name || (name == "dead" && ["work", "loose"].contains(queue)) {
                accounted.insert(Copy(queue: queue, number: number))
            }
        }
    }

    // MARK: - Crashes

    func crashed() {
        trace?("crash at \(durable)")
        // What was not confirmed may be there or not.
        unconfirmed = []
        out = []
        last = [:]
        // An acknowledgement that was not durable may be lost.
        settled = settled.compactMapValues { $0 <= durable ? 0 : nil }
        // What only stood in memory is gone, and its place may be used by another.
        for (place, copy) in copies where sent[copy.number]?.isPersistent != true || place.queue == "loose" {
            forget(place, copy.number)
        }
        // So may be the place of what was not durable, if it was lost.
        durable = 0
    }

    private func forget(_ place: Place, _ number: Int) {
        copies[place] = nil
        settled[place] = nil
        places = places.filter { !($0.key.number == number && $0.value == place.position) }
    }

    /// Looks at what was found on the disk, before the queues have it.
    func recovered(_ folder: DataFolder, store: SegmentStore) throws {
        var names: [QueueID: String] = [:]
        for case .putQueue(_, let definition) in folder.changes { names[definition.id] = definition.name }
        var found: [Place: Int] = [:]
        var inQueue: Set<Copy> = []
        var inDead: Set<Copy> = []
        for (id, entries) in folder.entries {
            guard let name = names[id] else { continue }
            for entry in entries {
                let message = try store.load(entry.stored)
                guard let number = HistoryMessage.number(of: message) else {
                    return fail("\(name) holds what was never published")
                }
                found[Place(queue: name, position: entry.slot.position)] = number
                if let origin = origin(of: message) {
                    if !inDead.insert(Copy(queue: origin, number: number)).inserted {
                        fail("message \(number) is dead twice")
                    }
                } else if !inQueue.insert(Copy(queue: name, number: number)).inserted {
                    fail("message \(number) is in \(name) twice")
                }
            }
        }
        trace?(
            "found \(found.sorted { ($0.key.queue, $0.key.position) < ($1.key.queue, $1.key.position) }.map { "\($0.key.queue) \($0.key.position): \($0.value)" })"
        )
        if let both = inQueue.intersection(inDead).first {
            fail("message \(both.number) is in \(both.queue) and dead as well")
        }
        forgetLost(found)
    }

    /// Messages whose record did not survive, and that nobody was promised, free their places.
    private func forgetLost(_ found: [Place: Int]) {
        for (place, copy) in copies where found[place] == nil && settled[place] == nil { forget(place, copy.number) }
    }

    // MARK: - The end

    func checkAllAccountedFor() {
        if let lost = promised.subtracting(accounted).min(by: { $0.number < $1.number }) {
            fail("message \(lost.number) to \(lost.queue) was confirmed and is lost")
        }
    }
}
