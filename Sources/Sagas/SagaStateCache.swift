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

    private let entries: RecentValues<UUID, Entry>

    /// - Parameter capacity: how many states are kept at least; twice as many at most.
    init(capacity: Int = 1_000) { entries = RecentValues(capacity: capacity) }

    /// The state in the stored bytes.
    ///
    /// - Throws: ``SagaError`` `.coding`.
    func state(of id: UUID, from bytes: [UInt8]) throws(SagaError) -> State {
        if let entry = entries[id], entry.bytes == bytes { return entry.state }
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
    func forget(_ id: UUID) { _ = entries.take(id) }

    private func remember(_ state: State, of id: UUID, as bytes: [UInt8]) { entries[id] = Entry(bytes: bytes, state: state) }
}
