import Synchronization

/// Counts up, from any task.
final class Counter: Sendable {
    private let value = Atomic(0)
    /// Adds one and returns the count before it.
    func next() -> Int { value.add(1, ordering: .relaxed).oldValue }
}
