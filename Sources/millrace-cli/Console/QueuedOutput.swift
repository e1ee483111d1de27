package import Dispatch
import Foundation
import Locking

/// Text for a descriptor, written by a thread of its own: whoever says something goes on even where nobody reads it. `millrace up` must
/// look after its workers, and hear Ctrl-C, while its output stands still in a pager.
package final class QueuedOutput: Sendable {
    private struct Waiting {
        var bytes = 0
        /// How many pieces found no room since the last that did.
        var leftOut = 0
        /// Nothing was written while somebody waited for it.
        var isStuck = false
    }

    private let descriptor: Int32
    private let limit: Int
    private let waiting = Locked(Waiting())
    private let queue = DispatchQueue(label: "console")

    /// - Parameter limit: how many bytes may wait; what comes when they do is left out, and counted. Default 1 MiB.
    package init(descriptor: Int32, limit: Int = 1 << 20) {
        self.descriptor = descriptor
        self.limit = limit
    }

    /// Writes a text behind those before it. Returns at once.
    package func write(_ text: String) {
        let size = text.utf8.count
        let leftOut: Int? = waiting.withLock { waiting in
            guard waiting.bytes == 0 || waiting.bytes + size <= limit else {
                waiting.leftOut += 1
                return nil
            }
            waiting.bytes += size
            defer { waiting.leftOut = 0 }
            return waiting.leftOut
        }
        guard let leftOut else { return }
        queue.async { [self] in
            if leftOut > 0 { Console.write("[\(leftOut) left out here, since nobody was reading]\n", to: descriptor) }
            Console.write(text, to: descriptor)
            waiting.withLock { waiting in
                waiting.bytes -= size
                waiting.isStuck = false
            }
        }
    }

    /// Waits until everything is written, but no longer than `limit`, and not again before something was.
    /// - Returns: whether it is.
    @discardableResult
    package func flush(atMost limit: DispatchTimeInterval) -> Bool {
        let (isEmpty, isStuck) = waiting.withLock { ($0.bytes == 0, $0.isStuck) }
        if isEmpty || isStuck { return isEmpty }
        let written = DispatchSemaphore(value: 0)
        queue.async { written.signal() }
        if written.wait(timeout: .now() + limit) == .success { return true }
        waiting.withLock { $0.isStuck = $0.bytes > 0 }
        return false
    }
}
