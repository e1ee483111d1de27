import AMQP
import Locking
import Logging

/// Looks now and then how many instances share the worker's partitions, for ``PartitionShare``.
struct PartitionBalance: Sendable {
    private let core: MessagingCore
    private let share: Share

    private final class Share: Sendable {
        let state: Locked<PartitionShare>
        init(_ share: PartitionShare) { state = Locked(share) }
    }

    /// Nil for a worker whose queue is not split.
    init?(core: MessagingCore) {
        guard core.configuration.partitions > 1 else { return nil }
        self.core = core
        share = Share(PartitionShare(partitions: core.configuration.partitions))
    }

    func run() async {
        while !core.stop.isSet {
            await core.sleep(core.configuration.shareInterval)
            guard !core.stop.isSet, let queue = core.configuration.queues.randomElement() else { return }
            guard let consumers = try? await core.amqp.queueInfo(queue)?.consumers else { continue }
            let surplus = core.withGenerator { generator in
                share.state.withLock { share in
                    share.look(instances: consumers, using: &generator)
                    return share.surplus
                }
            }
            if !surplus.isEmpty {
                core.logger.info(
                    "this instance hands partitions over to others",
                    metadata: ["instances": "\(consumers)", "partitions": "\(surplus.sorted())"])
            }
        }
    }

    func delivered(_ partition: Int) { share.state.withLock { $0.delivered(partition) } }

    func takeSurplus(_ partition: Int) -> Bool { share.state.withLock { $0.takeSurplus(partition) } }
}
