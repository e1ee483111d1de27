/// All messages of a queue that wait for a consumer: one list, or one for each priority (`x-max-priority`).
struct ReadyQueue {
    private var lists: [ReadyList]
    /// No list above this one has messages.
    private var highest = 0
    private(set) var count = 0
    /// Body bytes of the messages.
    private(set) var bytes = 0

    init(maxPriority: UInt8) { lists = Array(repeating: ReadyList(), count: Int(maxPriority) + 1) }

    var isEmpty: Bool { count == 0 }

    mutating func append(_ entry: QueueEntry) {
        count += 1
        bytes += Int(entry.size)
        lists[level(of: entry)].append(entry)
    }

    /// Puts a message back where its position says.
    mutating func restore(_ entry: QueueEntry) {
        count += 1
        bytes += Int(entry.size)
        lists[level(of: entry)].restore(entry)
    }

    /// The message that is served next: the oldest one of the highest priority.
    var first: QueueEntry? { count == 0 ? nil : lists[highest].first }

    mutating func removeFirst() -> QueueEntry? {
        guard count > 0 else { return nil }
        let entry = lists[highest].removeFirst()
        count -= 1
        bytes -= Int(entry.size)
        while highest > 0, lists[highest].isEmpty { highest -= 1 }
        return entry
    }

    mutating func removeAll() {
        for index in lists.indices { lists[index].removeAll() }
        highest = 0
        count = 0
        bytes = 0
    }

    func visit(_ body: (QueueEntry) -> Void) {
        for list in lists { list.visit(body) }
    }

    mutating func relocate(_ position: UInt64, to stored: StoredMessage) -> Bool {
        for index in lists.indices where lists[index].relocate(position, to: stored) { return true }
        return false
    }

    private mutating func level(of entry: QueueEntry) -> Int {
        let level = min(Int(entry.priority), lists.count - 1)
        if level > highest { highest = level }
        return level
    }
}
