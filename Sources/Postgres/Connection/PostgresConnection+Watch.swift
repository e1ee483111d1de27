import Loop

extension PostgresConnection {
    /// Closes the connection after some time unless what is returned is cancelled.
    nonisolated func watch(seconds: Int, reason: String) -> LoopTimer {
        executor.loop.async(after: .seconds(seconds)) { [weak self] in self?.assumeIsolated { $0.lost(reason) } }
    }

    /// Waits until nothing is under way, at most `seconds`; returns whether the connection can be used by somebody else.
    nonisolated func settle(seconds: Int) async -> Bool {
        if mailbox.isReusable { return true }
        guard mailbox.isSettling else { return false }
        let guardian = watch(seconds: seconds, reason: "statements of its last user did not end")
        defer { guardian.cancel() }
        // A COPY in nobody's hands is over, and so is everything before it, when it is our turn.
        let result = await withCheckedContinuation { continuation in
            if let error = mailbox.post(.exclusive(continuation)) { continuation.resume(returning: .failure(error)) }
        }
        guard case .success = result else { return false }
        await endExclusive()
        await passBarrier()
        return mailbox.isReusable
    }

    /// Makes sure that a cancel request sent before strikes nobody who comes after. Costs nothing unless there was one.
    nonisolated func passBarrier() async {
        for _ in 0..<Self.barrierAttempts {
            let (isNeeded, isCancelling) = mailbox.withState { state in
                (state.needsBarrier && state.closed == nil && state.transaction == nil, state.isCancelling)
            }
            guard isNeeded else { return }
            // The strike may hit this statement, which is then sent again.
            let answer = try? await submit(["SELECT 1"], transaction: nil, isCancellable: false, file: #fileID, line: #line)
            if answer != nil, !isCancelling {
                mailbox.withState { state in if !state.isCancelling { state.needsBarrier = false } }
            } else {
                await withCheckedContinuation { continuation in
                    executor.loop.async(after: .milliseconds(5)) { continuation.resume() }
                }
            }
        }
        await close()
    }

    /// With 5 ms between them: a cancel request that is not through after a second will not get through.
    private static let barrierAttempts = 200
}
