import CLibPQ
import Dispatch

extension PostgresConnection {
    /// How long the server has to stop a cancelled statement before the connection is given up, seconds.
    private static let cancelPatience = 5

    /// The task of a request was cancelled.
    func cancel(_ id: UInt64) {
        if let index = backlog.firstIndex(where: { if case .request(let request) = $0 { request.id == id } else { false } }) {
            if case .request(let request) = backlog.remove(at: index) {
                mailbox.answered(1)
                request.waiter?.resume(returning: .failure(.notSent(request)))
            }
            return
        }
        if machine.cancel(id) { sendCancel() }
    }

    /// Asks the server to stop the statement that runs. `PQcancel` opens a connection of its own and blocks, so it runs on another
    /// queue. The request names no statement; the machine knows which others it may hit.
    func sendCancel() {
        if isLost { return }
        guard !machine.isCancelInFlight else { return }  // sent again, if needed, when this one is through
        guard let cancel = PQgetCancel(link.pointer) else { return lost("no cancel request could be made") }
        machine.cancelStarted()
        mailbox.withState { state in
            state.isCancelling = true
            state.needsBarrier = true
        }
        let handle = CancelHandle(cancel)
        let queue = cancelQueue ?? DispatchQueue(label: "postgres.cancel")
        cancelQueue = queue
        queue.async {
            let error = handle.send()
            self.executor.loop.async { self.assumeIsolated { $0.cancelSent(error) } }
        }
        let id = machine.current?.request.id
        executor.loop.async(after: .seconds(Self.cancelPatience)) { [weak self] in
            self?.assumeIsolated { connection in
                guard let id, connection.machine.current?.request.id == id else { return }
                connection.lost("the server did not stop a cancelled statement")
            }
        }
    }

    private func cancelSent(_ error: String?) {
        if isLost { return }
        machine.cancelFinished()
        mailbox.withState { $0.isCancelling = false }
        if let error { return lost("a cancelled statement could not be stopped: \(error)") }
        // The one this was meant for may have ended by itself, and another cancelled one may run now.
        if machine.isCancelDue { retryCancel() }
    }

    /// The head is cancelled but still runs: either the signal is on its way, or it struck too early. Ask once more, a moment later.
    private func retryCancel() {
        let id = machine.current?.request.id
        executor.loop.async(after: .milliseconds(50)) { [weak self] in
            self?.assumeIsolated { connection in
                if !connection.isLost, connection.machine.isCancelDue, connection.machine.current?.request.id == id {
                    connection.sendCancel()
                }
            }
        }
    }
}

/// A `PGcancel`, which is a copy of the connection's address and key.
///
/// Sendable by proof: libpq documents `PQcancel` as safe from any thread, as the object is read-only; it is freed once, at the end.
private final class CancelHandle: @unchecked Sendable {
    private let pointer: OpaquePointer
    init(_ pointer: OpaquePointer) { self.pointer = pointer }
    deinit { PQfreeCancel(pointer) }

    /// Sends the request and waits until the server has taken it; returns what went wrong.
    func send() -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            guard let text = buffer.baseAddress else { return "out of memory" }
            text.initialize(repeating: 0, count: 256)
            return PQcancel(pointer, text, 256) == 1 ? nil : String(cString: text)
        }
    }
}
