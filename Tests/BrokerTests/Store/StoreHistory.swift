import Broker
import NIOCore

/// One history of a store on a simulated disk, beside a model that knows what must have survived. All of it follows from the
/// seed.
///
/// After every start of the store: what was durable and not settled is there, once, with its content, in order; what was
/// settled and durable is not; nothing is there that was never appended or was already seen to be gone; and of a transfer
/// either the source is there or all of the targets.
final class StoreHistory: DiskTrouble {
    struct Violation: Error, CustomStringConvertible {
        let seed: UInt64
        let description: String
    }

    struct Key: Hashable {
        var queue: Int
        var position: Int
    }

    struct Entry {
        var number: Int
        var bytes: Int
        var stored: StoredMessage
        var isTransient: Bool
        /// What `appended` was after it; 0 once it was read back after a start.
        var appendedAt: LogSequence
        /// What `appended` was after it was settled.
        var settledAt: LogSequence?
        var deliveryCount = 0
        var durableDeliveryCount = 0
        var deliveryCountAt: LogSequence = 0
    }

    struct Transfer {
        var source: Key
        var targets: [Key]
        var at: LogSequence
    }

    let seed: UInt64
    let disk: SimulatedStorage
    var random: SeededGenerator
    let clock = StoreClock()
    let executor = SteppedExecutor()
    var configuration: SegmentStoreConfiguration
    var store: SegmentStore?
    var model: [Key: Entry] = [:]
    var transfers: [Transfer] = []
    var nextPosition = [Int](repeating: 1, count: 4)
    var nextNumber = 1
    var isFull = false
    var starts = 0
    var violation: String?
    /// Prints what happens, for a seed that fails.
    var trace = false

    init(seed: UInt64, lying: Bool = false) {
        self.seed = seed
        disk = SimulatedStorage(seed: seed)
        random = SeededGenerator(seed: seed &* 31)
        configuration = Sample.configuration(seed: seed, segmentSize: 12 << 10)
        configuration.commitPlace = [.loop, .thread, nil][Int(seed % 3)]
        configuration.spareSegments = Int(seed % 3)
        let sector = seed % 2 == 0 ? 512 : 4096
        disk.setFaults {
            $0.syncLies = lying
            $0.sector = sector
        }
    }

    /// - Returns: what was wrong, or nil.
    func run(operations: Int) throws -> Violation? {
        try start()
        for _ in 0..<operations where violation == nil {
            try step()
            if !disk.hasPower || store?.failure != nil { try restart(.crash) }
        }
        if violation == nil { try finish() }
        return violation.map { Violation(seed: seed, description: $0) }
    }

    private func step() throws {
        switch Int.random(in: 0..<1000, using: &random) {
        case ..<350: append()
        case ..<550: acknowledge()
        case ..<610: acknowledgeMany()
        case ..<660: transfer()
        case ..<700: countDelivery()
        case ..<706: purge()
        case ..<880: store?.commit()
        case ..<920: clock.advance(Int64.random(in: 0...60, using: &random))
        case ..<950: load()
        case ..<960: runOut()
        case ..<970: giveRoom()
        case ..<975: try restart(.crash)
        case ..<980: try restart(.kill)
        case ..<984: try restart(.close)
        case ..<990: losePowerSoon()
        case ..<993: failSyncSoon()
        default: store?.requireCommit()
        }
        while !executor.isEmpty, chance(60) { executor.step(Int.random(in: 0..<executor.count, using: &random)) }
    }

    // MARK: - Operations

    private var live: [Key] {
        model.filter { $0.value.settledAt == nil }.keys.sorted { ($0.position, $0.queue) < ($1.position, $1.queue) }
    }

    private func newKeys() -> [Key] {
        var queues = Array(0..<nextPosition.count)
        queues.shuffle(using: &random)
        return queues.prefix(chance(70) ? 1 : Int.random(in: 1...3, using: &random)).map { queue in
            defer { nextPosition[queue] += 1 }
            return Key(queue: queue, position: nextPosition[queue])
        }
    }

    private func slot(_ key: Key) -> QueueSlot { Sample.slot(key.queue, key.position, expiresAt: Int64(key.position * 3)) }

    private func append() {
        guard let store else { return }
        let number = nextNumber
        nextNumber += 1
        let bytes = chance(2) ? 15_000 : Int.random(in: 0...700, using: &random)
        let isTransient = chance(5)
        let keys = newKeys()
        let stored = store.append(
            Sample.message(number, bytes: bytes, persistent: !isTransient), to: keys.map(slot), persistent: !isTransient)
        for key in keys {
            model[key] = Entry(
                number: number, bytes: bytes, stored: stored, isTransient: isTransient, appendedAt: store.appended)
        }
    }

    private func settle(_ key: Key) {
        guard let store, let entry = model[key], entry.settledAt == nil else { return }
        store.acknowledge(entry.stored, slot(key))
        model[key]?.settledAt = store.appended
        if chance(10) { store.acknowledge(entry.stored, slot(key)) }
    }

    private func acknowledge() {
        let live = live
        guard !live.isEmpty else { return }
        settle(chance(70) ? live[0] : live[Int.random(in: 0..<live.count, using: &random)])
    }

    private func acknowledgeMany() {
        for key in live.prefix(Int.random(in: 1...20, using: &random)) where !chance(10) { settle(key) }
    }

    private func transfer() {
        guard let store, let source = live.randomElement(using: &random), let entry = model[source] else { return }
        let keys = newKeys()
        let number = entry.number
        let stored = store.transfer(
            Sample.message(number, bytes: entry.bytes, persistent: !entry.isTransient), from: entry.stored, slot(source),
            to: keys.map(slot))
        model[source]?.settledAt = store.appended
        for key in keys {
            model[key] = Entry(
                number: number, bytes: entry.bytes, stored: stored, isTransient: entry.isTransient, appendedAt: store.appended)
        }
        if !entry.isTransient { transfers.append(Transfer(source: source, targets: keys, at: store.appended)) }
    }

    private func countDelivery() {
        guard let store, let key = live.randomElement(using: &random), let entry = model[key] else { return }
        if entry.deliveryCountAt <= store.durable { model[key]?.durableDeliveryCount = entry.deliveryCount }
        store.recordDeliveryCount(UInt32(entry.deliveryCount + 1), of: entry.stored, slot(key))
        model[key]?.deliveryCount += 1
        model[key]?.deliveryCountAt = store.appended
    }

    private func purge() {
        guard let store else { return }
        let queue = Int.random(in: 0..<nextPosition.count, using: &random)
        let through = Int.random(in: 0..<nextPosition[queue], using: &random)
        let keys = live.filter { $0.queue == queue && $0.position <= through }
        store.purge(QueueID(rawValue: UInt32(queue)), through: UInt64(through), keys.compactMap { model[$0]?.stored })
        for key in keys { model[key]?.settledAt = store.appended }
    }

    private func load() {
        guard let store, let key = live.randomElement(using: &random), let entry = model[key] else { return }
        check(key, entry, in: store)
    }

    private func check(_ key: Key, _ entry: Entry, in store: SegmentStore) {
        do {
            let message = try store.load(entry.stored)
            if !Sample.isEqual(message, Sample.message(entry.number, bytes: entry.bytes, persistent: !entry.isTransient)) {
                violation = "\(key) has the content of another message"
            }
        } catch {
            if disk.hasPower, error.code != .inputOutput { violation = "\(key) cannot be loaded: \(error)" }
        }
    }

    // MARK: - Faults

    enum End {
        case crash
        case kill
        case close
    }

    private func restart(_ end: End) throws {
        if trace { print("\(end), failure \(String(describing: store?.failure)), power \(disk.hasPower)") }
        if end == .close {
            giveRoom()
            clock.advance(2000)
            store?.close()
            if store?.durable != store?.appended, disk.hasPower, !isLost { violation = "closing left something that is not durable" }
        }
        let durable = store?.durable ?? 0
        if end == .kill { disk.kill() } else { disk.crash() }
        store = nil
        executor.forget()
        clock.forget()
        giveRoom()
        while store == nil, violation == nil {
            // The power may fail during the start, again and again.
            if chance(20) {
                let operations = Int.random(in: 0...25, using: &random)
                disk.setFaults { $0.operationsLeft = operations }
            }
            do { try start(durable) } catch { disk.crash() }
            if starts > 100_000 { violation = "the store does not start" }
        }
    }

    /// Whether a sync has failed, so that the store has stopped.
    private var isLost: Bool { store?.failure.map { $0.code != .missing } ?? false }

    private func start(_ durable: LogSequence = 0) throws {
        starts += 1
        if trace { print("start \(starts): \(disk.names), durable \(durable)") }
        let (store, recovery) = try SegmentStore.open(
            disk, executor: executor, time: clock, configuration: configuration)
        compare(recovery, durable)
        store.onRelocated = { [unowned self] slot, stored in
            model[Key(queue: Int(slot.queue.rawValue), position: Int(slot.position))]?.stored = stored
        }
        isFull = store.isFull
        store.onFull = { [unowned self] in isFull = $0 }
        self.store = store
        for key in live.prefix(20) { if let entry = model[key] { check(key, entry, in: store) } }
        disk.setFaults { $0.operationsLeft = $0.operationsLeft < 1000 ? 1000 : $0.operationsLeft }
    }

    // MARK: - The model

    private func compare(_ recovery: SegmentStore.Recovery, _ durable: LogSequence) {
        var found: [Key: RecoveredEntry] = [:]
        for (queue, entries) in recovery.entries {
            var last: UInt64 = 0
            for entry in entries {
                if entry.slot.position <= last { violation = "queue \(queue) is not in order at \(entry.slot.position)" }
                last = entry.slot.position
                let key = Key(queue: Int(queue.rawValue), position: Int(entry.slot.position))
                found[key] = entry
                guard let known = model[key] else {
                    violation = "\(key) came back"
                    return
                }
                compare(key, entry, known, durable)
            }
            if last > recovery.highestPositions[queue] ?? 0 { violation = "queue \(queue) would use positions twice" }
        }
        for (key, entry) in model where found[key] == nil {
            if entry.settledAt == nil, !entry.isTransient, entry.appendedAt <= durable { violation = "\(key) is lost" }
        }
        compareTransfers(found, durable)
        for notice in recovery.notices { if case .damaged = notice { violation = "a crash was taken for damage: \(notice)" } }
        adopt(found)
    }

    private func compare(_ key: Key, _ entry: RecoveredEntry, _ known: Entry, _ durable: LogSequence) {
        if let settledAt = known.settledAt, settledAt <= durable { violation = "\(key) was settled and is back" }
        if known.isTransient { violation = "\(key) was transient and is back" }
        if entry.slot != slot(key) { violation = "\(key) has another expiry" }
        if entry.size != Sample.message(known.number, bytes: known.bytes).body.readableBytes { violation = "\(key) has another size" }
        if entry.priority != known.number % 10 { violation = "\(key) has another priority" }
        let least = known.deliveryCountAt <= durable ? known.deliveryCount : known.durableDeliveryCount
        if entry.deliveryCount < least || entry.deliveryCount > known.deliveryCount {
            violation = "\(key) was delivered \(least)...\(known.deliveryCount) times, not \(entry.deliveryCount)"
        }
    }

    private func compareTransfers(_ found: [Key: RecoveredEntry], _ durable: LogSequence) {
        for transfer in transfers {
            guard let source = model[transfer.source], source.appendedAt <= durable,
                transfer.targets.allSatisfy({ model[$0]?.settledAt == nil })
            else { continue }
            let targets = transfer.targets.filter { found[$0] != nil }.count
            let expected = found[transfer.source] == nil ? transfer.targets.count : 0
            if targets != expected { violation = "the transfer of \(transfer.source) is half done" }
        }
        transfers = []
    }

    /// What was found is what there is from now on.
    private func adopt(_ found: [Key: RecoveredEntry]) {
        var next: [Key: Entry] = [:]
        for (key, entry) in found {
            guard var known = model[key] else { continue }
            known.stored = entry.stored
            known.appendedAt = 0
            known.settledAt = nil
            known.deliveryCount = Int(entry.deliveryCount)
            known.durableDeliveryCount = known.deliveryCount
            known.deliveryCountAt = 0
            next[key] = known
        }
        model = next
    }

    /// In the end everything is there, can be read, and leaves nothing behind when it is settled.
    private func finish() throws {
        try restart(.close)
        guard violation == nil, let store else { return }
        for key in live { if let entry = model[key] { check(key, entry, in: store) } }
        for key in live { settle(key) }
        for _ in 0..<400 {
            clock.advance(100)
            store.commit()
            executor.drain()
        }
        if store.durable != store.appended { violation = "what was appended does not become durable" }
        if isFull { violation = "the store does not notice that there is room" }
        let files = disk.names.filter { $0.hasSuffix(".segment") }.count
        if files > 4 + configuration.spareSegments { violation = "\(files) segments are left with nothing in them" }
    }
}
