import Contracts

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The kinds of timers that sagas set, and what they carry: the instance's id, and words after it.
enum SagaTimers {
    /// A clock of an instance: `<id> forward <step>` or `<id> compensation <step> <attempt>`.
    static let clock = "saga.clock"
    /// An operator's request: `<id> <operation> @<status>:<step> <who and why>`, where the third word is what the operator saw. It
    /// is missing in requests of earlier versions.
    static let request = "saga.operator"

    static func payload(_ id: UUID, _ timer: SagaTimer) -> [UInt8] {
        switch timer {
        case .forward(let step): Array("\(id.lowercased) forward \(step)".utf8)
        case .compensation(let step, let attempt): Array("\(id.lowercased) compensation \(step) \(attempt)".utf8)
        }
    }

    static func payload(_ id: UUID, _ operation: SagaOperation, seen: SagaSighting, reason: String) -> [UInt8] {
        Array("\(id.lowercased) \(operation.rawValue) @\(seen.status.rawValue):\(seen.step) \(reason)".utf8)
    }

    /// The instance and the input in a payload.
    ///
    /// - Throws: ``SagaError`` `.corrupt`.
    static func parse(kind: String, _ payload: [UInt8]) throws(SagaError) -> (id: UUID, input: SagaInput) {
        let words = String(decoding: payload, as: UTF8.self).split(
            separator: " ", maxSplits: kind == request ? 2 : 3, omittingEmptySubsequences: false)
        if words.count >= 3, let id = UUID(uuidString: String(words[0])) {
            if kind == request, let operation = SagaOperation(rawValue: String(words[1])) {
                let (seen, reason) = sighting(words[2])
                return (id, .operator(operation, reason: reason, seen: seen))
            }
            let numbers = words.dropFirst(2).map { Int($0) }
            switch (String(words[1]), numbers.count) {
            case ("forward", 1): if let step = numbers[0] { return (id, .timedOut(step: step)) }
            case ("compensation", 2):
                if let step = numbers[0], let attempt = numbers[1] {
                    return (id, .compensationTimedOut(step: step, attempt: attempt))
                }
            default: break
            }
        }
        throw SagaError(
            .corrupt, "a timer of kind \(kind) carries \"\(String(decoding: payload.prefix(200), as: UTF8.self))\"")
    }

    /// Takes what the operator saw off the words that follow an operation; nil when they do not begin with it.
    private static func sighting(_ words: Substring) -> (SagaSighting?, reason: String) {
        let parts = words.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, first.hasPrefix("@") else { return (nil, String(words)) }
        let fields = first.dropFirst().split(separator: ":", omittingEmptySubsequences: false)
        guard fields.count == 2, let status = SagaStatus(rawValue: String(fields[0])), let step = Int(fields[1]) else {
            return (nil, String(words))
        }
        return (SagaSighting(status: status, step: step), parts.count == 2 ? String(parts[1]) : "")
    }
}
