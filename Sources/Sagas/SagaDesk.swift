import Locking

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The instances whose answers this process expects, as it has left them, by the command that waits for its answer.
///
/// An eager run takes an answer's instance from here instead of loading it. Only what was committed is put in, and it may have been
/// moved by others since: the write says which version it moves, and fails if that is not the one that is stored.
struct SagaDesk: Sendable {
    struct Expected: Sendable {
        let instance: SagaInstanceRow
        let command: SagaCommandRow
    }

    private let expected = RecentValues<UUID, Expected>(capacity: 2_000)

    /// The command of `write`, if it sends one, has left.
    func expect(_ instance: SagaInstanceRow, _ sent: SagaWrite.Sent) {
        expected[sent.command] = Expected(
            instance: instance, command: SagaCommandRow(step: sent.step, direction: sent.direction))
    }

    /// Takes out what is known of a command's instance. Whoever comes again loads it.
    func take(_ command: UUID) -> Expected? { expected.take(command) }
}
