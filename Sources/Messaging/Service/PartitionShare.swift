/// Which of its partitions an instance hands over, so that the instances of a worker share them. Pure.
///
/// A queue with a single active consumer gives everything to the consumer that came first, and RabbitMQ before 4.0 heeds no
/// priorities among them: the first instance would work for all partitions, and the rest would stand by. So an instance that works
/// for more than its share hands the surplus over. All it has to know is how many consumers a queue has: nobody coordinates.
///
/// Since the surplus of one is what others lack, and the choice is by chance, it settles: then no instance works for more
/// partitions than the share, rounded up.
package struct PartitionShare: Sendable {
    package let partitions: Int
    /// Those that brought something since the last look.
    package private(set) var busy: Set<Int> = []
    /// Those to hand over.
    package private(set) var surplus: Set<Int> = []

    package init(partitions: Int) { self.partitions = partitions }

    /// Something came from a partition.
    package mutating func delivered(_ partition: Int) { busy.insert(partition) }

    /// How many partitions an instance works for at most.
    package func share(of instances: Int) -> Int { (partitions + max(1, instances) - 1) / max(1, instances) }

    /// Chooses what to hand over, and begins to count anew.
    package mutating func look(instances: Int, using generator: inout some RandomNumberGenerator) {
        let excess = busy.count - share(of: instances)
        surplus = excess > 0 ? Set(busy.sorted().shuffled(using: &generator).prefix(excess)) : []
        busy = []
    }

    /// Whether this partition is to be handed over now; it is then no more.
    package mutating func takeSurplus(_ partition: Int) -> Bool {
        busy.remove(partition)
        return surplus.remove(partition) != nil
    }
}
