import Postgres

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// An instance as it is stored, locked for the transaction that loaded it.
struct SagaInstanceRow: Sendable {
    let id: UUID
    let saga: String
    let definition: String
    let key: String
    /// The JSON of the state.
    let state: [UInt8]
    let progress: SagaProgress
    let version: Int

    private static var columns: SQL {
        "i.id, i.saga, i.definition, i.key, i.state, i.status, i.progress, i.step, i.attempt, i.version"
    }

    /// Loads an instance by id.
    static func byID(_ id: UUID) -> SQL { "SELECT \(columns) FROM saga_instances i WHERE i.id = \(id) FOR UPDATE" }

    /// Loads an instance and one of its commands by the command's id.
    ///
    /// Only the instance is locked, and only the instance says what is awaited: after waiting for the lock PostgreSQL
    /// reads the instance anew, but not the command. What is read of the command never changes.
    static func byCommand(_ id: UUID) -> SQL {
        """
        SELECT \(columns), s.step, s.direction FROM saga_steps s JOIN saga_instances i ON i.id = s.saga_id \
        WHERE s.command_id = \(id) FOR UPDATE OF i
        """
    }

    init(
        id: UUID, saga: String, definition: String, key: String, state: [UInt8], progress: SagaProgress, version: Int
    ) {
        self.id = id
        self.saga = saga
        self.definition = definition
        self.key = key
        self.state = state
        self.progress = progress
        self.version = version
    }

    init(_ row: PostgresRow) throws {
        let (id, saga, definition, key, state, status, letters, step, attempt, version) = try row.decode(
            UUID.self, String.self, String.self, String.self, [UInt8].self, String.self, String.self, Int.self,
            Int.self,
            Int.self)
        guard let status = SagaStatus(rawValue: status),
            let progress = SagaProgress(status: status, current: step, attempt: attempt, letters: letters)
        else { throw SagaError(.corrupt, "instance \(id) stands at \(status), step \(step) of \"\(letters)\"") }
        self.init(
            id: id, saga: saga, definition: definition, key: key, state: state, progress: progress, version: version)
    }

    /// The instance as a write leaves it.
    func moved(by write: SagaWrite) -> SagaInstanceRow {
        SagaInstanceRow(
            id: id, saga: saga, definition: definition, key: key, state: write.state.map { Array($0.utf8) } ?? state,
            progress: write.progress, version: version + 1)
    }

    /// The machine of the instance.
    ///
    /// - Throws: `.definitionChanged`.
    func machine(plan: SagaPlan, fingerprint: String) throws(SagaError) -> SagaMachine {
        guard definition == fingerprint, let machine = SagaMachine(plan: plan, progress: progress) else {
            throw SagaError(
                .definitionChanged,
                "instance \(id) of \"\(saga)\" was started with other steps: give the changed saga a new name and let the "
                    + "old one run out")
        }
        return machine
    }
}

/// The command that an answer belongs to.
struct SagaCommandRow: Sendable {
    let step: Int
    let direction: SagaDirection

    init(step: Int, direction: SagaDirection) {
        self.step = step
        self.direction = direction
    }

    /// Reads what ``SagaInstanceRow/byCommand(_:)`` adds to the instance.
    init(_ row: PostgresRow) throws {
        step = try row.decode(Int.self, at: 10)
        let text = try row.decode(String.self, at: 11)
        guard let direction = SagaDirection(rawValue: text) else {
            throw SagaError(.corrupt, "a command of step \(step) has the direction \"\(text)\"")
        }
        self.direction = direction
    }
}
