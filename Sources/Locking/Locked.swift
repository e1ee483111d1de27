#if !THREAD_SANITIZER
    public import Synchronization
#endif

/// A value behind a lock. Use it wherever `Synchronization.Mutex` would stand.
///
/// `Mutex.withLock` is inlined into its caller, and on Linux it reads the thread's id through thread-local storage. In an
/// optimised asynchronous function the compiler (seen with Swift 6.3.1) may compute that storage's address before a
/// suspension and use it after one, on another thread: the lock is then taken in the name of the wrong thread, which ends
/// the process at best. Here the lock is taken in a function that is never inlined and never suspends.
/// See `docs/decisions/0008`.
public struct Locked<Value: ~Copyable>: ~Copyable {
    @usableFromInline let mutex: Mutex<Value>

    /// Puts a value behind a lock.
    public init(_ value: consuming sending Value) { mutex = Mutex(value) }

    /// Runs `body` with the value, alone.
    ///
    /// - Parameter body: must not block and must not take this lock again.
    /// - Throws: what `body` throws.
    // Clients may make a copy for their types, which needs no descriptions of them at run time, but no copy is inlined.
    @inlinable @inline(never)
    public borrowing func withLock<Result: ~Copyable, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        try mutex.withLock(body)
    }
}

extension Locked: Sendable where Value: ~Copyable {}
