extension PostgresClient {
    /// The notifications of a channel, on a connection outside of the pool that is opened again, with backoff, when it breaks.
    ///
    /// What is sent while the connection is down is lost, as PostgreSQL keeps no notifications: treat them as a hint to look, and look
    /// from time to time without one. The connection closes when the stream is dropped.
    public func notifications(on channel: String) -> AsyncStream<PostgresNotification> {
        let (stream, continuation) = AsyncStream.makeStream(of: PostgresNotification.self)
        let configuration = configuration
        let logger = logger
        let task = Task {
            var pause = Duration.milliseconds(100)
            while !Task.isCancelled {
                do {
                    let connection = try await PostgresConnection.connect(configuration, logger: logger)
                    do {
                        for await notification in try await connection.listen(channel) {
                            pause = .milliseconds(100)
                            continuation.yield(notification)
                        }
                    } catch {
                        logger.warning("LISTEN failed", metadata: ["error": "\(error)"])
                    }
                    await connection.close()
                } catch {
                    logger.warning("no connection to listen on", metadata: ["error": "\(error)"])
                }
                try? await Task.sleep(for: pause)
                pause = min(pause * 2, .seconds(10))
            }
            continuation.finish()
        }
        continuation.onTermination = { _ in task.cancel() }
        return stream
    }
}
