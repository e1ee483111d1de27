import Dispatch
import Foundation
import Locking

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A process that this one has started, and that does not outlive it.
///
/// It runs in a process group of its own. Its standard input is a connection that is never written to
/// unless asked, and closes when this process ends, however it ends; a child that reads it learns so that it
/// is alone. What it leaves in its group when it ends is killed. Whatever does not go by itself is ended by a guard.
public final class ChildProcess: Sendable {
    /// What to start, and how.
    public struct Configuration: Sendable {
        /// Where an output stream goes.
        public enum Output: Sendable, Equatable {
            /// Nowhere.
            case null
            /// To the same place as this process's own.
            case inherit
            /// To `standardOutput` or `standardError`, line by line.
            case lines
            /// Appended to the file at this path, made with mode 0600.
            case file(String)
        }

        /// A path, or a name that is looked for in `PATH`.
        public var executable: String
        /// The arguments after the program's name. Never put a secret here: everybody can read them.
        public var arguments: [String]
        /// The whole environment of the process; nil means: that of this process.
        public var environment: [String: String]?
        /// The folder it starts in; nil means: that of this process.
        public var workingDirectory: String?
        /// The account it runs as (name); only root can ask for one. Needs `setpriv`.
        public var account: String?
        /// Where its output goes.
        public var standardOutput: Output
        /// Where its diagnostics go.
        public var standardError: Output
        /// The signal the guard sends first if this process dies, without `SIG`: `TERM`, `INT`, `KILL` …
        public var guardSignal: String
        /// Whether the guard ends it only after everything that is no server, so that others can finish their work with it.
        public var isServer: Bool

        /// Makes a configuration.
        public init(
            executable: String, arguments: [String] = [], environment: [String: String]? = nil,
            workingDirectory: String? = nil, account: String? = nil,
            standardOutput: Output = .null, standardError: Output = .null, guardSignal: String = "TERM", isServer: Bool = false
        ) {
            self.executable = executable
            self.arguments = arguments
            self.environment = environment
            self.workingDirectory = workingDirectory
            self.account = account
            self.standardOutput = standardOutput
            self.standardError = standardError
            self.guardSignal = guardSignal
            self.isServer = isServer
        }
    }

    /// The number of the process, which is also that of its group.
    public let pid: Int32
    /// The lines of its standard output; empty unless `.lines` was configured. One reader.
    public let standardOutput: AsyncStream<String>
    /// The lines of its standard error; empty unless `.lines` was configured. One reader.
    public let standardError: AsyncStream<String>

    private struct State {
        var status: ExitStatus?
        var input: Int32
        var nextWaiter = 0
        var waiters: [Int: CheckedContinuation<ExitStatus?, Never>] = [:]
    }

    private let state: Locked<State>

    private init(pid: Int32, input: Int32, output: AsyncStream<String>, error: AsyncStream<String>) {
        self.pid = pid
        self.standardOutput = output
        self.standardError = error
        self.state = Locked(State(input: input))
    }

    deinit {
        state.withLock { if $0.input >= 0 { close($0.input) } }
    }

    /// Starts a process. Returns as soon as it exists; takes about a millisecond.
    ///
    /// - Throws: `programMissing`, `spawnFailed`, `noAccount` (an account was asked for and `setpriv` is missing).
    public static func spawn(_ configuration: Configuration) throws(ServersError) -> ChildProcess {
        let (path, arguments) = try command(configuration)
        let (ours, theirs) = try Socket.pair()
        var opened: [Int32] = [theirs]
        defer { opened.forEach { close($0) } }
        do throws(ServersError) {
            let output = try open(configuration.standardOutput, own: 1, &opened)
            let errors = try open(configuration.standardError, own: 2, &opened)
            let environment = (configuration.environment ?? ProcessInfo.processInfo.environment).map { "\($0)=\($1)" }
            let pid: Int32
            do throws(ServersError) {
                pid = try Spawn.spawn(
                    path: path, arguments: arguments, environment: environment,
                    directory: configuration.workingDirectory, descriptors: (theirs, output.theirs, errors.theirs))
            } catch {
                for end in [output.ours, errors.ours] where end >= 0 { close(end) }
                throw error
            }
            let child = ChildProcess(
                pid: pid, input: ours, output: lines(output.ours), error: lines(errors.ours))
            // A guard that cannot be started is no reason to lose the child: it still has its input.
            try? ProcessGuard.shared.add(pid, signal: configuration.guardSignal, stage: configuration.isServer ? 1 : 0)
            Spawn.onExit(of: pid) { reap in child.finish(reap) }
            return child
        } catch {
            close(ours)
            throw error
        }
    }

    /// How it ended, or nil while it runs.
    public var exitStatus: ExitStatus? { state.withLock(\.status) }

    /// Whether it has not ended yet.
    public var isRunning: Bool { exitStatus == nil }

    /// Waits for its end.
    public func wait() async -> ExitStatus {
        while true {
            if let status = await wait(atMost: nil, cancellable: false) { return status }
        }
    }

    /// Waits for its end, but no longer than `timeout`; nil if it still runs then, or if the task is cancelled.
    public func wait(atMost timeout: Duration) async -> ExitStatus? {
        await wait(atMost: timeout, cancellable: true)
    }

    /// Sends a signal. Does nothing once the process has ended, so it can never reach another process.
    public func signal(_ number: Int32) {
        state.withLock { if $0.status == nil { _ = Glue.kill(pid, number) } }
    }

    /// Sends SIGKILL to the process and its group.
    public func kill() {
        state.withLock { state in
            guard state.status == nil else { return }
            _ = Glue.kill(-pid, SIGKILL)
            _ = Glue.kill(pid, SIGKILL)
        }
    }

    /// Closes its standard input.
    public func closeInput() {
        state.withLock { state in
            if state.input >= 0 { close(state.input) }
            state.input = -1
        }
    }

    /// Sends `signal` (SIGTERM unless told otherwise), waits up to `timeout` for the end, then kills the group.
    @discardableResult
    public func stop(signal number: Int32? = nil, timeout: Duration = .seconds(10)) async -> ExitStatus {
        signal(number ?? SIGTERM)
        if let status = await wait(atMost: timeout) { return status }
        kill()
        return await wait()
    }

    private func finish(_ reap: () -> ExitStatus) {
        let (status, waiters) = state.withLock { state in
            // What it leaves in its group goes with it. The number is its own until it is reaped.
            _ = Glue.kill(-pid, SIGKILL)
            let status = reap()
            state.status = status
            defer { state.waiters = [:] }
            return (status, state.waiters.values.map { $0 })
        }
        ProcessGuard.shared.remove(pid)
        for waiter in waiters { waiter.resume(returning: status) }
    }

    func wait(atMost timeout: Duration?, cancellable: Bool) async -> ExitStatus? {
        let identifier = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let known: ExitStatus?? = state.withLock { state in
                    if let status = state.status { return .some(status) }
                    if cancellable, Task.isCancelled { return .some(nil) }
                    state.waiters[identifier] = continuation
                    return nil
                }
                if let known { return continuation.resume(returning: known) }
                if let timeout {
                    let (seconds, attoseconds) = timeout.components
                    let nanoseconds = Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000)
                    DispatchQueue.global().asyncAfter(deadline: .now() + .nanoseconds(nanoseconds)) { [self] in
                        abandon(identifier)
                    }
                }
            }
        } onCancel: {
            if cancellable { abandon(identifier) }
        }
    }

    private func abandon(_ identifier: Int) {
        state.withLock { $0.waiters.removeValue(forKey: identifier) }?.resume(returning: nil)
    }
}
