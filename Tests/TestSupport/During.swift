/// Runs `work` while `body` runs, then cancels it and waits for its end.
///
/// - Throws: what `body` throws, else what `work` does.
public func during<R>(
    _ work: @escaping @Sendable () async throws -> Void, _ body: () async throws -> R
) async throws -> R {
    let task = Task { try await work() }
    do {
        let result = try await body()
        task.cancel()
        try await task.value
        return result
    } catch {
        task.cancel()
        _ = await task.result
        throw error
    }
}
