#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// One socket that a loop watches. Touched on the loop's thread alone.
package final class SocketWatch {
    let descriptor: () -> CInt
    private let readable: () -> Void
    private let writable: () -> Void
    package var wantsWrite = false
    private var isCancelled = false

    package init(descriptor: @escaping () -> CInt, readable: @escaping () -> Void, writable: @escaping () -> Void) {
        self.descriptor = descriptor
        self.readable = readable
        self.writable = writable
    }

    func deliver(_ events: Int16) {
        if isCancelled { return }
        let isOver = events & Int16(POLLHUP | POLLERR | POLLNVAL) != 0
        if isOver || events & Int16(POLLIN) != 0 { readable() }
        if !isCancelled, wantsWrite, isOver || events & Int16(POLLOUT) != 0 { writable() }
    }

    /// Ends it; handlers are not called any more.
    package func cancel(on loop: EventLoop) {
        if isCancelled { return }
        isCancelled = true
        loop.remove(self)
    }
}
