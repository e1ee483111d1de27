/// The values that were put in lately. At least ``capacity`` are kept, at most twice as many.
package final class RecentValues<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Generations: Sendable {
        var young: [Key: Value] = [:]
        var old: [Key: Value] = [:]
    }

    private let generations = Locked(Generations())
    private let capacity: Int

    package init(capacity: Int = 1_000) { self.capacity = max(1, capacity) }

    package subscript(key: Key) -> Value? {
        get { generations.withLock { $0.young[key] ?? $0.old[key] } }
        set {
            generations.withLock { generations in
                generations.young[key] = newValue
                generations.old[key] = nil
                guard generations.young.count >= capacity else { return }
                generations.old = generations.young
                generations.young = [:]
            }
        }
    }

    /// Takes a value out.
    package func take(_ key: Key) -> Value? {
        generations.withLock { generations in
            let old = generations.old.removeValue(forKey: key)
            return generations.young.removeValue(forKey: key) ?? old
        }
    }
}
