import Locking
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The thread that waits for the sockets of all connections, to PostgreSQL and to brokers, runs the connections, and can run the
/// tasks that use them.
///
/// What comes from a server wakes this thread and no other: it reads it, resumes the task that waits for it and, if that task
/// prefers this executor (`Task(executorPreference:)`), runs it until it waits again. What the tasks of one turn have left for
/// the connections then leaves together, one flight for each. On another executor each of these steps is a hand-over between
/// threads, which costs more than the statement itself when the machine is otherwise idle.
///
/// A task that runs here must not block the thread, as on any of Swift's executors; what it blocks are the connections.
///
/// Sendable by proof: `inbox` is locked; everything marked so below is touched on the loop's own thread alone.
package final class EventLoop: TaskExecutor, @unchecked Sendable {
    /// The loop of the process.
    package static let shared = EventLoop()

    private enum Item {
        case job(UnownedJob)
        case actorJob(UnownedJob, UnownedSerialExecutor)
        case work(@Sendable () -> Void)
    }

    private struct Inbox {
        var items: [Item] = []
        /// The thread is in poll(2), or about to be.
        var isAsleep = false
    }

    private let inbox = Locked(Inbox())
    private let wakeRead: CInt
    private let wakeWrite: CInt

    // Of the loop's thread.
    private var watches: [SocketWatch] = []
    private var batch: [Item] = []
    private var turns: [@Sendable () -> Void] = []
    private var entries: [pollfd] = []
    /// The next to fire last.
    private var timers: [LoopTimer] = []

    /// A frame of AMQP can nest tables some twenty thousand deep, and its library decodes them by recursion. Only what is touched
    /// takes memory.
    package static let stackSize = 64 << 20

    /// How often the jobs that jobs have left are run before the sockets are looked at again.
    private static let rounds = 16

    private init() {
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else { fatalError("the process has no file descriptors left: errno \(errno)") }
        for end in ends {
            _ = fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        wakeRead = ends[0]
        wakeWrite = ends[1]
        #if canImport(Darwin)
            var thread: pthread_t?
        #else
            var thread = pthread_t()
        #endif
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, Self.stackSize)
        let status = pthread_create(
            &thread, &attributes,
            { argument in
                #if canImport(Darwin)
                    let loop = Unmanaged<EventLoop>.fromOpaque(argument)
                #else
                    let loop = Unmanaged<EventLoop>.fromOpaque(argument!)
                #endif
                loop.takeUnretainedValue().run()
            }, Unmanaged.passRetained(self).toOpaque())
        guard status == 0 else { fatalError("the system has no thread for the connections") }
    }

    // MARK: From anywhere

    /// Runs a job of a task that prefers this executor.
    package func enqueue(_ job: consuming ExecutorJob) { leave(.job(UnownedJob(job))) }

    package func enqueue(_ job: consuming ExecutorJob, on executor: UnownedSerialExecutor) {
        leave(.actorJob(UnownedJob(job), executor))
    }

    /// Runs `work` on the loop's thread, after what was left before.
    package func async(_ work: @escaping @Sendable () -> Void) { leave(.work(work)) }

    /// Runs `work` on the loop's thread when the time has passed, unless the timer is cancelled before.
    @discardableResult
    package func async(after time: Duration, _ work: @escaping @Sendable () -> Void) -> LoopTimer {
        let timer = LoopTimer(self, .now + time, work)
        if isCurrent { insert(timer) } else { leave(.work { self.insert(timer) }) }
        return timer
    }

    /// Runs `turn` when the handlers, or the jobs, that run now are through: together with what they have left for others.
    package func atEndOfTurn(_ turn: @escaping @Sendable () -> Void) {
        if isCurrent { turns.append(turn) } else { leave(.work { self.turns.append(turn) }) }
    }

    /// Whether this is the loop's thread.
    package var isCurrent: Bool { pthread_getspecific(Self.key) == Unmanaged.passUnretained(self).toOpaque() }

    private func leave(_ item: Item) {
        let mustWake = inbox.withLock { inbox in
            inbox.items.append(item)
            defer { inbox.isAsleep = false }
            return inbox.isAsleep
        }
        guard mustWake else { return }
        var byte: UInt8 = 1
        // A full pipe wakes just as well.
        _ = write(wakeWrite, &byte, 1)
    }

    // MARK: On the loop's thread

    package func add(_ watch: SocketWatch) {
        precondition(isCurrent)
        watches.append(watch)
    }

    package func remove(_ watch: SocketWatch) {
        precondition(isCurrent)
        watches.removeAll { $0 === watch }
    }

    private func insert(_ timer: LoopTimer) {
        let index = timers.lastIndex { $0.due >= timer.due }.map { $0 + 1 } ?? 0
        timers.insert(timer, at: index)
    }

    fileprivate func remove(_ timer: LoopTimer) {
        if isCurrent { timers.removeAll { $0 === timer } } else { leave(.work { self.timers.removeAll { $0 === timer } }) }
    }

    /// - Returns: milliseconds until the next one, rounded up; -1 if there is none.
    private func fireTimers() -> CInt {
        guard let first = timers.last else { return -1 }
        let now = ContinuousClock.now
        guard first.due <= now else {
            let left = now.duration(to: first.due).components
            return CInt(clamping: left.seconds * 1_000 + (left.attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
        }
        while let timer = timers.last, timer.due <= now {
            timers.removeLast()
            timer.fire()
        }
        return 0
    }

    private func run() -> Never {
        // The thread is known by a key of its own and not by its id: ids are given again.
        _ = pthread_setspecific(Self.key, Unmanaged.passUnretained(self).toOpaque())
        while true {
            // What the sockets' handlers have left for other connections leaves before the tasks go on that they have woken.
            runTurns()
            runJobs()
            // A connection that is turned may leave jobs, which run before the thread sleeps.
            runTurns()
            let time = fireTimers()
            let mustNotSleep = inbox.withLock { inbox in
                inbox.isAsleep = inbox.items.isEmpty && time != 0
                return !inbox.isAsleep
            }
            wait(timeout: mustNotSleep || !turns.isEmpty ? 0 : time)
        }
    }

    private func runTurns() {
        let due = turns
        turns = []
        for turn in due { turn() }
    }

    private func runJobs() {
        for _ in 0..<Self.rounds {
            inbox.withLock { swap(&$0.items, &batch) }
            if batch.isEmpty { return }
            for item in batch {
                switch item {
                case .job(let job): job.runSynchronously(on: asUnownedTaskExecutor())
                case .actorJob(let job, let executor): job.runSynchronously(on: executor)
                case .work(let work): work()
                }
            }
            batch.removeAll(keepingCapacity: true)
        }
    }

    private func wait(timeout: CInt) {
        entries.removeAll(keepingCapacity: true)
        entries.append(pollfd(fd: wakeRead, events: Int16(POLLIN), revents: 0))
        for watch in watches {
            // Asked for each time: libpq closes its socket when it finds the connection broken, and the number is used again.
            let events = Int16(POLLIN) | (watch.wantsWrite ? Int16(POLLOUT) : 0)
            entries.append(pollfd(fd: watch.descriptor(), events: events, revents: 0))
        }
        let count = poll(&entries, nfds_t(entries.count), timeout)
        if timeout != 0 { inbox.withLock { $0.isAsleep = false } }
        guard count > 0 else { return }
        if entries[0].revents != 0 {
            var bytes: UInt64 = 0
            while read(wakeRead, &bytes, 8) == 8 {}
        }
        // Handlers may add and remove watches.
        let watched = watches
        for (watch, entry) in zip(watched, entries.dropFirst()) where entry.revents != 0 { watch.deliver(entry.revents) }
    }

    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        guard pthread_key_create(&key, nil) == 0 else { fatalError("the process has no thread keys left") }
        return key
    }()
}

/// Something that a loop does later.
package final class LoopTimer: Sendable {
    fileprivate let due: ContinuousClock.Instant
    private let loop: EventLoop
    private let work: @Sendable () -> Void
    private let isCancelled = Atomic(false)

    fileprivate init(_ loop: EventLoop, _ due: ContinuousClock.Instant, _ work: @escaping @Sendable () -> Void) {
        self.loop = loop
        self.due = due
        self.work = work
    }

    fileprivate func fire() { if !isCancelled.load(ordering: .acquiring) { work() } }

    /// Calls it off, unless it runs already.
    package func cancel() {
        if !isCancelled.exchange(true, ordering: .acquiringAndReleasing) { loop.remove(self) }
    }
}
