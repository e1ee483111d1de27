import Contracts

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// The ids of an instance, its commands and its clocks. All follow from the event that started it, so that whatever is
/// done twice carries one id and is done once.
public enum SagaIdentity {
    /// The instance that an event starts.
    public static func instance(of saga: String, startedBy event: UUID) -> UUID {
        var hash = FNV1a()
        hash.combine(saga.utf8)
        return event.derived(hash.value)
    }

    /// A step's command.
    ///
    /// - Parameters:
    ///   - step: the step's position, 0 to 254.
    ///   - round: of a compensation, how often an operator has begun its sendings anew; see
    ///     ``SagaResendPolicy/round(of:)``. The receiver of a new round must not take it for a duplicate: the operator may
    ///     have discarded the first one there.
    public static func command(_ instance: UUID, step: Int, _ direction: SagaDirection, round: Int = 0) -> UUID {
        instance.derived(
            UInt64(truncatingIfNeeded: round) << 16 | UInt64(UInt8(truncatingIfNeeded: step)) << 8
                | (direction == .forward ? 1 : 2))
    }

    /// The clock that runs while an answer is awaited.
    public static func timer(_ instance: UUID, _ timer: SagaTimer) -> UUID {
        switch timer {
        case .forward(let step): instance.derived(clock | UInt64(UInt8(truncatingIfNeeded: step)) << 8 | 1)
        case .compensation(let step, let attempt):
            instance.derived(
                clock | UInt64(truncatingIfNeeded: attempt) << 16 & ~clock | UInt64(UInt8(truncatingIfNeeded: step))
                    << 8 | 2)
        }
    }

    /// Keeps the ids of clocks apart from those of commands.
    private static let clock: UInt64 = 1 << 63

    /// The key of the fence between a step and its compensation: `<saga>/<instance>/<step>`.
    public static func fence(saga: String, _ instance: UUID, step: String) -> String {
        "\(saga)/\(instance.lowercased)/\(step)"
    }
}

/// The attributes that a saga's commands carry; see ``SagaIdentity/fence(saga:_:step:)``.
enum SagaExtension {
    static let step = "sagastep"
    static let direction = "sagadirection"
    /// On a command that an operator has sent again, the id of his request: its receiver handles it even if it was discarded there.
    static let retry = "sagaretry"
}
