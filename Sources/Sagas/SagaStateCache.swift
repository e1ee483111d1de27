import Contracts
import Locking

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Remembers decoded states, so that the replies of an instance do not each parse its JSON again.
///
/// An entry counts only if the stored bytes are those that it was decoded from (or encoded to): what another process
/// wrote, or a transaction that was rolled back, cannot bring back a wrong state.
final class SagaStateCache<State: Codable & Sendable>: Sendable {
    private struct Entry: Sendable {
        let bytes: [UInt8]
        let state: State
    }

    private struct Generations: Sendable {
        var young: [UUID: Entry] = [:]
        var old: [UUID: Entry] = [:]
    }

    private let generations = Locked(Generations())
    private let capacity: Int

    /// - Parameter capacity: how many states are kept at least; twice as many at most.
    init(capacity: Int = 1_000) { self.capacity = max(1, capacity) }

    /// The state in the stored bytes.
    ///
    /// - Throws: ``SagaError`` `.coding`.
    func state(of id: UUID, from bytes: [UInt8]) throws(SagaError) -> State {
        let entry = generations.withLock { $0.young[id] ?? $0.old[id] }
        if let entry, entry.bytes == bytes { return entry.state }
        do {
            let state = try ContractJSON.decode(State.self, from: bytes)
            remember(state, of: id, as: bytes)
            return state
        } catch {
            throw SagaError(.coding, "the state of instance \(id) cannot be read as \(State.self)", underlying: error)
        }
    }

    /// The bytes to store for a state.
    ///
    /// - Throws: ``SagaError`` `.coding`.
    func encode(_ state: State, of id: UUID) throws(SagaError) -> String {
        do {
            let bytes = try ContractJSON.encode(state)
            remember(state, of: id, as: bytes)
            return String(decoding: bytes, as: UTF8.self)
        } catch {
            throw SagaError(.coding, "the state of instance \(id) cannot be written as JSON", underlying: error)
        }
    }

    /// Forgets an instance that has come to its end.
    func forget(_ id: UUID) {
        generations.withLock {
            $0.young[id] = nil
            $0.old[id] = nil
        }
    }

    private func remember(_ state: State, of id: UUID, as bytes: [UInt8]) {
        generations.withLock {
            $0.young[id] = Entry(bytes: bytes, state: state)
            guard $0.young.count >= capacity else { return }
            $0.old = $0.young
            $0.young = [:]
        }
    }
}
