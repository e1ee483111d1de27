import CLibPQ

extension PostgresConnection {
    /// Listens on a channel (`LISTEN`). The stream has every notification from the moment this returns, in order, and ends when the
    /// connection does. It keeps the connection alive; when the last stream of a channel is dropped, `UNLISTEN` is sent.
    ///
    /// A connection with listeners does not go back to a pool: use one of your own, or ``PostgresClient/notifications(on:)``.
    public nonisolated func listen(
        _ channel: String, file: String = #fileID, line: Int = #line
    ) async throws(PostgresError) -> AsyncStream<PostgresNotification> {
        let (stream, continuation) = AsyncStream.makeStream(of: PostgresNotification.self)
        let id = mailbox.nextID()
        continuation.onTermination = { _ in
            self.executor.loop.async { self.assumeIsolated { $0.removeListener(id, channel) } }
        }
        await addListener(id, channel, continuation)
        do {
            try await execute("LISTEN \(identifier: channel)", file: file, line: line)
        } catch {
            continuation.finish()
            throw error
        }
        return stream
    }

    private func addListener(
        _ id: UInt64, _ channel: String, _ continuation: AsyncStream<PostgresNotification>.Continuation
    ) async {
        // Behind the new LISTEN it would take that back.
        while let unlisten = unlistens[channel] { await unlisten.value }
        if isLost { return continuation.finish() }
        listeners[channel, default: [:]][id] = continuation
        mailbox.withState { $0.listeners += 1 }
    }

    private func removeListener(_ id: UInt64, _ channel: String) {
        guard listeners[channel]?.removeValue(forKey: id) != nil else { return }
        guard listeners[channel]?.isEmpty == true else { return mailbox.withState { $0.listeners -= 1 } }
        listeners[channel] = nil
        unlistens[channel] = Task {
            // In a transaction it would be refused; the connection is then still listening and stays out of the pool.
            if (try? await self.execute("UNLISTEN \(identifier: channel)")) != nil {
                self.mailbox.withState { $0.listeners -= 1 }
            }
            self.unlistens[channel] = nil
        }
    }

    /// Hands the notifications that libpq has gathered to their streams.
    func deliverNotifications() {
        while let pointer = PQnotifies(link.pointer) {
            defer { PQfreemem(pointer) }
            let notification = PostgresNotification(
                channel: String(cString: pointer.pointee.relname), payload: String(cString: pointer.pointee.extra),
                processID: pointer.pointee.be_pid)
            guard let streams = listeners[notification.channel] else { continue }
            for stream in streams.values { stream.yield(notification) }
        }
    }
}
