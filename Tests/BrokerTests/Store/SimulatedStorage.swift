import Broker
import Locking

/// A disk in memory that keeps the promises of a real one, and no others.
///
/// What was written is visible at once, and survives a crash only if it was synced. Otherwise each sector of it may survive or
/// not, alone; changes of names survive in the order in which they were made, up to some point. Everything follows from the
/// seed.
final class SimulatedStorage: Storage {
    struct Faults {
        /// Bytes of all files together; beyond it there is no room.
        var capacity = Int.max
        /// No byte can be written, as on a file system that needs room to write over old blocks.
        var refusesWrites = false
        /// No file that is there can be opened: the process has as many as it may have.
        var refusesToOpen = false
        /// After so many operations the power goes: nothing works until `crash`.
        var operationsLeft = Int.max
        /// The sync after so many more fails, and what it should have written is lost without a trace.
        var syncsUntilError = Int.max
        /// Syncs return at once and do nothing. A store on such a disk must fail the tests.
        var syncLies = false
        /// Files cannot be cut. A store on such a disk must fail the tests.
        var keepsTails = false
        /// Bytes that are written, or not, as a whole.
        var sector = 512
    }

    fileprivate struct Change {
        var offset: Int
        /// nil for a new size.
        var bytes: [UInt8]?
    }

    fileprivate struct Content {
        var now: [UInt8] = []
        var durable: [UInt8] = []
        var unsynced: [Change] = []
    }

    fileprivate enum NameChange {
        case set(String, Int)
        case remove(String)
        case rename(String, String)

        func apply(to names: inout [String: Int]) {
            switch self {
            case .set(let name, let file): names[name] = file
            case .remove(let name): names[name] = nil
            case .rename(let old, let new): names[new] = names.removeValue(forKey: old)
            }
        }
    }

    fileprivate struct State {
        var files: [Content] = []
        var names: [String: Int] = [:]
        var durableNames: [String: Int] = [:]
        var unsyncedNames: [NameChange] = []
        var faults = Faults()
        /// Files opened before a crash are dead after it.
        var life = 0
        var random: SeededGenerator
        var syncs = 0
        var operations = 0
        /// Bytes that one call has asked for at most.
        var largestRead = 0
        /// Files that the system need not keep in memory, as often as that was said.
        var dropped: [Int] = []
        /// Whether all writes so far ended with a page of 4096 bytes, or with their file.
        var writesWholePages = true

        var used: Int { Set(names.values).reduce(0) { $0 + files[$1].now.count } }
    }

    fileprivate let state: Locked<State>

    init(seed: UInt64 = 0) { state = Locked(State(random: SeededGenerator(seed: seed))) }

    func setFaults(_ change: @Sendable (inout Faults) -> Void) { state.withLock { change(&$0.faults) } }
    var writesWholePages: Bool { state.withLock { $0.writesWholePages } }
    /// The names of the files that the system need not keep in memory, in the order in which that was said.
    var dropped: [String] {
        state.withLock { state in
            state.dropped.compactMap { file in state.names.first { $0.value == file }?.key }
        }
    }
    var syncs: Int { state.withLock { $0.syncs } }
    var largestRead: Int {
        get { state.withLock { $0.largestRead } }
        set { state.withLock { $0.largestRead = newValue } }
    }
    var operations: Int { state.withLock { $0.operations } }
    var hasPower: Bool { state.withLock { $0.faults.operationsLeft > 0 } }
    var used: Int { state.withLock { $0.used } }

    /// The machine stops and starts again.
    func crash() {
        state.withLock { state in
            state.life += 1
            let kept = Int.random(in: 0...state.unsyncedNames.count, using: &state.random)
            for change in state.unsyncedNames.prefix(kept) { change.apply(to: &state.durableNames) }
            state.unsyncedNames = []
            state.names = state.durableNames
            let sector = state.faults.sector
            for index in state.files.indices { Self.crash(&state.files[index], sector, &state.random) }
            state.faults.operationsLeft = .max
            state.faults.syncsUntilError = .max
        }
    }

    /// The process stops and starts again: the system still has all that was written.
    func kill() {
        state.withLock { state in
            state.life += 1
            state.faults.operationsLeft = .max
        }
    }

    private static func crash(_ file: inout Content, _ sector: Int, _ random: inout SeededGenerator) {
        // Now and then everything survives, or nothing; else each sector by itself.
        let mode = Int.random(in: 0..<4, using: &random)
        for change in file.unsynced where mode != 0 {
            guard let bytes = change.bytes else {
                if mode == 1 || Bool.random(using: &random) { resize(&file.durable, change.offset) }
                continue
            }
            var start = 0
            while start < bytes.count {
                let end = min(bytes.count, ((change.offset + start) / sector + 1) * sector - change.offset)
                if mode == 1 || Bool.random(using: &random) {
                    if file.durable.count < change.offset + end { resize(&file.durable, change.offset + end) }
                    file.durable.replaceSubrange(change.offset + start..<change.offset + end, with: bytes[start..<end])
                }
                start = end
            }
        }
        file.unsynced = []
        file.now = file.durable
    }

    fileprivate static func apply(_ change: Change, to bytes: inout [UInt8]) {
        guard let new = change.bytes else { return resize(&bytes, change.offset) }
        if bytes.count < change.offset + new.count { resize(&bytes, change.offset + new.count) }
        bytes.replaceSubrange(change.offset..<change.offset + new.count, with: new)
    }

    fileprivate static func resize(_ bytes: inout [UInt8], _ size: Int) {
        if bytes.count > size {
            bytes.removeLast(bytes.count - size)
        } else {
            bytes.append(contentsOf: repeatElement(0, count: size - bytes.count))
        }
    }

    /// Counts an operation; throws when the power is off.
    fileprivate static func operate(_ state: inout State, _ life: Int? = nil) throws(StoreError) {
        state.operations += 1
        guard state.faults.operationsLeft > 0, life == nil || life == state.life else {
            throw StoreError(.inputOutput, "simulated: no power")
        }
        state.faults.operationsLeft -= 1
    }

    // MARK: - Storage

    func list() throws(StoreError) -> [String] {
        try state.withLock { (state) throws(StoreError) in
            try Self.operate(&state)
            return Array(state.names.keys)
        }
    }

    func open(_ name: String, create: Bool) throws(StoreError) -> any StorageFile {
        try state.withLock { (state) throws(StoreError) in
            try Self.operate(&state)
            if state.faults.refusesToOpen, !create { throw StoreError(.tooManyFiles, "simulated: too many files") }
            if state.names[name] == nil {
                guard create else { throw StoreError(.missing, "simulated: no file \(name)") }
                state.files.append(Content())
                state.names[name] = state.files.count - 1
                state.unsyncedNames.append(.set(name, state.files.count - 1))
            }
            return SimulatedFile(storage: self, index: state.names[name] ?? 0, life: state.life)
        }
    }

    func remove(_ name: String) throws(StoreError) { try change(.remove(name)) }
    func rename(_ name: String, to newName: String) throws(StoreError) { try change(.rename(name, newName)) }

    private func change(_ change: NameChange) throws(StoreError) {
        try state.withLock { (state) throws(StoreError) in
            try Self.operate(&state)
            change.apply(to: &state.names)
            state.unsyncedNames.append(change)
        }
    }

    func syncFolder() throws(StoreError) {
        try state.withLock { (state) throws(StoreError) in
            try Self.operate(&state)
            for change in state.unsyncedNames { change.apply(to: &state.durableNames) }
            state.unsyncedNames = []
        }
    }

    func freeSpace() throws(StoreError) -> UInt64 {
        state.withLock { UInt64(max(0, $0.faults.capacity - $0.used)) }
    }

    // MARK: - For tests

    /// The bytes of a file as they are now.
    func contents(_ name: String) -> [UInt8]? { state.withLock { state in state.names[name].map { state.files[$0].now } } }

    var names: [String] { state.withLock { $0.names.keys.sorted() } }

    /// Puts a file there, durably, or takes it away.
    func setContents(_ name: String, _ bytes: [UInt8]?) {
        state.withLock { state in
            guard let bytes else {
                state.names[name] = nil
                state.durableNames[name] = nil
                return
            }
            state.files.append(Content(now: bytes, durable: bytes))
            state.names[name] = state.files.count - 1
            state.durableNames[name] = state.files.count - 1
        }
    }
}

private final class SimulatedFile: StorageFile {
    private let storage: SimulatedStorage
    private let index: Int
    private let life: Int

    init(storage: SimulatedStorage, index: Int, life: Int) {
        self.storage = storage
        self.index = index
        self.life = life
    }

    private func with<Result: Sendable>(
        _ body: @Sendable (inout SimulatedStorage.State) throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        let life = life
        return try storage.state.withLock { (state) throws(StoreError) -> Result in
            try SimulatedStorage.operate(&state, life)
            return try body(&state)
        }
    }

    func size() throws(StoreError) -> Int {
        let index = index
        return try with { $0.files[index].now.count }
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(StoreError) {
        let copy = Array(bytes)
        let index = index
        try with { (state) throws(StoreError) in
            let growth = max(0, offset + copy.count - state.files[index].now.count)
            let hasRoom = growth == 0 || growth <= state.faults.capacity - state.used
            guard hasRoom, !state.faults.refusesWrites else {
                throw StoreError(.noSpace, "simulated: disk full")
            }
            if growth > 0 { SimulatedStorage.resize(&state.files[index].now, offset + copy.count) }
            let end = offset + copy.count
            if !end.isMultiple(of: 4096), end != state.files[index].now.count { state.writesWholePages = false }
            state.files[index].now.replaceSubrange(offset..<offset + copy.count, with: copy)
            state.files[index].unsynced.append(.init(offset: offset, bytes: copy))
        }
    }

    func dropCached() { storage.state.withLock { $0.dropped.append(index) } }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(StoreError) -> Int {
        let index = index
        let wanted = buffer.count
        let found = try with { state -> [UInt8] in
            let all = state.files[index].now
            state.largestRead = max(state.largestRead, wanted)
            return offset < all.count ? Array(all[offset..<min(all.count, offset + wanted)]) : []
        }
        buffer.copyBytes(from: found)
        return found.count
    }

    func preallocate(_ size: Int) throws(StoreError) {
        let index = index
        try with { (state) throws(StoreError) in
            let growth = size - state.files[index].now.count
            guard growth > 0 else { return }
            guard growth <= state.faults.capacity - state.used else { throw StoreError(.noSpace, "simulated: disk full") }
            SimulatedStorage.resize(&state.files[index].now, size)
            state.files[index].unsynced.append(.init(offset: size, bytes: nil))
        }
    }

    func truncate(_ size: Int) throws(StoreError) {
        let index = index
        try with { state in
            guard !state.faults.keepsTails || size >= state.files[index].now.count else { return }
            SimulatedStorage.resize(&state.files[index].now, size)
            state.files[index].unsynced.append(.init(offset: size, bytes: nil))
        }
    }

    func sync() throws(StoreError) {
        let index = index
        try with { (state) throws(StoreError) in
            state.syncs += 1
            if state.faults.syncsUntilError == 0 {
                // As Linux does it: the error is told once, and the pages count as written.
                state.files[index].unsynced = []
                state.faults.syncsUntilError = .max
                throw StoreError(.inputOutput, "simulated: sync failed")
            }
            state.faults.syncsUntilError -= state.faults.syncsUntilError == .max ? 0 : 1
            guard !state.faults.syncLies else { return }
            // What a failed sync has lost is not among them: only writing it again brings it to the disk.
            for change in state.files[index].unsynced { SimulatedStorage.apply(change, to: &state.files[index].durable) }
            state.files[index].unsynced = []
        }
    }
}
