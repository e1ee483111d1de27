// The thread sanitizer does not see what happens inside of Swift's own mutex, where a thread waits in the runtime, which is not
// instrumented, and would report races that are none. scripts/thread-sanitizer builds with this one instead.
#if THREAD_SANITIZER
    #if canImport(Glibc)
        import Glibc
    #elseif canImport(Musl)
        import Musl
    #elseif canImport(Darwin)
        import Darwin
    #endif

    /// What stands for `Synchronization.Mutex` in such a build: a lock that the thread sanitizer knows.
    @usableFromInline struct Mutex<Value: ~Copyable>: ~Copyable {
        private let mutex: UnsafeMutablePointer<pthread_mutex_t>
        private let value: UnsafeMutablePointer<Value>

        init(_ value: consuming sending Value) {
            mutex = .allocate(capacity: 1)
            mutex.initialize(to: pthread_mutex_t())
            pthread_mutex_init(mutex, nil)
            self.value = .allocate(capacity: 1)
            self.value.initialize(to: value)
        }

        deinit {
            pthread_mutex_destroy(mutex)
            mutex.deallocate()
            value.deinitialize(count: 1)
            value.deallocate()
        }

        @usableFromInline borrowing func withLock<Result: ~Copyable, Failure: Error>(
            _ body: (inout sending Value) throws(Failure) -> sending Result
        ) throws(Failure) -> sending Result {
            pthread_mutex_lock(mutex)
            defer { pthread_mutex_unlock(mutex) }
            return try body(&value.pointee)
        }
    }

    // The value is reached only through `withLock`, which lets one thread in at a time, and takes and gives only what is sent.
    extension Mutex: @unchecked Sendable where Value: ~Copyable {}
#endif
