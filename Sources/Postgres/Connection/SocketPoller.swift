#if os(Linux)
import CLibPQ
import Dispatch
import Locking

#if canImport(Glibc)
import Glibc
#else
import Musl
#endif

/// Tells connections when their sockets can be read or written: one thread and one epoll instance for the process.
///
/// It stands where `DispatchSource` would. When a peer hangs up, libdispatch on Linux forgets the descriptor after one event
/// and, with two sources on it, was seen to end the process in `_dispatch_event_loop_drain`; here every event is asked for
/// again after it has been handled (`EPOLLONESHOT`), so none is lost and nothing is freed under the loop.
final class SocketPoller: Sendable {
    static let shared = SocketPoller()

    private let descriptor: CInt
    private let watches = Locked<(next: UInt64, all: [UInt64: SocketWatch])>((1, [:]))

    private init() {
        descriptor = epoll_create1(CInt(EPOLL_CLOEXEC))
        var thread = pthread_t()
        guard descriptor >= 0, pthread_create(&thread, nil, { _ in SocketPoller.shared.loop() }, nil) == 0 else { return }
        pthread_detach(thread)
    }

    /// Begins to watch for reading. Returns nil when the system cannot.
    func add(_ make: (UInt64) -> SocketWatch) -> SocketWatch? {
        let watch = watches.withLock { watches in
            let watch = make(watches.next)
            watches.all[watch.id] = watch
            watches.next += 1
            return watch
        }
        if control(EPOLL_CTL_ADD, watch, events: EPOLLIN.rawValue) { return watch }
        watches.withLock { $0.all[watch.id] = nil }
        return nil
    }

    /// Asks for the next event. May be called from any thread.
    @discardableResult
    func control(_ operation: CInt, _ watch: SocketWatch, events: UInt32) -> Bool {
        var event = epoll_event(events: events | EPOLLONESHOT.rawValue, data: epoll_data_t(u64: watch.id))
        return epoll_ctl(descriptor, operation, watch.descriptor, &event) == 0
    }

    func remove(_ watch: SocketWatch) {
        control(EPOLL_CTL_DEL, watch, events: 0)
        watches.withLock { $0.all[watch.id] = nil }
    }

    private func loop() -> UnsafeMutableRawPointer? {
        var events = [epoll_event](repeating: epoll_event(), count: 64)
        while true {
            let count = epoll_wait(descriptor, &events, CInt(events.count), -1)
            for index in 0..<max(0, Int(count)) {
                let event = events[index]
                // An event of a watch that has been removed meanwhile finds nobody.
                let watch = watches.withLock { $0.all[event.data.u64] }
                watch?.deliver(event.events)
            }
        }
    }
}

/// One socket that is watched.
///
/// Sendable by proof: `id`, `descriptor`, `queue` and the handlers never change; everything else is touched on `queue` alone,
/// where ``ConnectionLink`` lives.
final class SocketWatch: @unchecked Sendable {
    let id: UInt64
    let descriptor: CInt
    private let queue: DispatchQueue
    private let readable: @Sendable () -> Void
    private let writable: @Sendable () -> Void
    private var wantsWrite = false
    private var isHandling = false
    private var isCancelled = false

    init(
        id: UInt64, descriptor: CInt, queue: DispatchQueue, readable: @escaping @Sendable () -> Void,
        writable: @escaping @Sendable () -> Void
    ) {
        self.id = id
        self.descriptor = descriptor
        self.queue = queue
        self.readable = readable
        self.writable = writable
    }

    deinit { close(descriptor) }

    fileprivate func deliver(_ events: UInt32) { queue.async { self.handle(events) } }

    private func handle(_ events: UInt32) {
        if isCancelled { return }
        let isOver = events & (EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0
        isHandling = true
        if isOver || events & EPOLLIN.rawValue != 0 { readable() }
        if !isCancelled, wantsWrite, isOver || events & EPOLLOUT.rawValue != 0 { writable() }
        isHandling = false
        ask()
    }

    /// Says whether writability matters. To be called on the queue.
    func setWantsWrite(_ wanted: Bool) {
        guard wantsWrite != wanted else { return }
        wantsWrite = wanted
        if !isHandling { ask() }
    }

    private func ask() {
        if isCancelled { return }
        SocketPoller.shared.control(EPOLL_CTL_MOD, self, events: EPOLLIN.rawValue | (wantsWrite ? EPOLLOUT.rawValue : 0))
    }

    /// Ends it; handlers are not called any more. To be called on the queue, or when nobody else refers to the link.
    func cancel() {
        if isCancelled { return }
        isCancelled = true
        SocketPoller.shared.remove(self)
    }
}
#endif
