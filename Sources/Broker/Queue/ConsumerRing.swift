internal import DequeModule

/// The consumers of a queue that were last seen with capacity, the highest `x-priority` first, each level in turn.
///
/// A consumer without capacity leaves the ring when its turn comes, and returns when its channel says so; a delivery
/// costs the same with one consumer as with thousands that are busy.
struct ConsumerRing {
    private struct Level {
        let priority: Int32
        var consumers: Deque<Consumer> = []
    }

    /// From the highest priority down.
    private var levels: [Level] = []

    /// Puts a consumer at the end of its level, unless it is there.
    mutating func insert(_ consumer: Consumer) {
        guard !consumer.isInRotation else { return }
        consumer.isInRotation = true
        let index = levels.firstIndex { $0.priority <= consumer.priority } ?? levels.endIndex
        if index == levels.endIndex || levels[index].priority != consumer.priority {
            levels.insert(Level(priority: consumer.priority), at: index)
        }
        levels[index].consumers.append(consumer)
    }

    mutating func remove(_ consumer: Consumer) {
        guard consumer.isInRotation else { return }
        consumer.isInRotation = false
        guard let index = levels.firstIndex(where: { $0.priority == consumer.priority }) else { return }
        levels[index].consumers.removeAll { $0 === consumer }
        if levels[index].consumers.isEmpty { levels.remove(at: index) }
    }

    /// The consumer whose turn it is; it keeps its turn until `advance`.
    mutating func next() -> Consumer? {
        var index = 0
        while index < levels.count {
            while let consumer = levels[index].consumers.first {
                if consumer.hasCapacity { return consumer }
                levels[index].consumers.removeFirst()
                consumer.isInRotation = false
            }
            index += 1
        }
        return nil
    }

    /// A consumer got something: its level goes on with the one behind it.
    mutating func advance(past consumer: Consumer) {
        if levels.count == 1, levels[0].consumers.count == 1 { return }
        for index in levels.indices where levels[index].priority == consumer.priority {
            guard levels[index].consumers.first === consumer else { return }
            levels[index].consumers.append(levels[index].consumers.removeFirst())
        }
    }

    mutating func removeAll() {
        for level in levels {
            for consumer in level.consumers { consumer.isInRotation = false }
        }
        levels = []
    }
}
