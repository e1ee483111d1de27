import Locking

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A small shell that outlives this process by a moment and ends what it has left behind.
///
/// It reads commands from a socket. When this process ends, however it ends, the socket closes; the shell
/// then ends every process it was told of, first those that use servers and then the servers, by signal and after
/// ten seconds by force, and removes the temporary folders. PR_SET_PDEATHSIG would do this without a helper, but it is
/// bound to the *thread* that started the child and exists on Linux alone.
final class ProcessGuard: Sendable {
    static let shared = ProcessGuard()

    private static let script = """
        trap '' HUP INT TERM QUIT
        list=
        set --
        while read -r word stage signal rest; do
          case $word in
            add) list="$list $stage:$signal:$rest" ;;
            del) kept=
                 for entry in $list; do [ "${entry##*:}" = "$rest" ] || kept="$kept $entry"; done
                 list=$kept ;;
            dir) set -- "$@" "$rest" ;;
          esac
        done
        for stage in 0 1; do
          some=
          for entry in $list; do
            [ "${entry%%:*}" = $stage ] || continue
            some="$some ${entry##*:}"
            signal=${entry#*:}
            kill -s "${signal%%:*}" "${entry##*:}" 2>/dev/null
          done
          tries=0
          while [ $tries -lt 100 ]; do
            alive=
            for pid in $some; do kill -s 0 "$pid" 2>/dev/null && alive=1; done
            [ -z "$alive" ] && break
            sleep 0.1
            tries=$((tries + 1))
          done
          for pid in $some; do kill -s KILL -- "-$pid" 2>/dev/null; done
        done
        for folder in "$@"; do rm -rf -- "$folder"; done
        """

    private struct State {
        var descriptor: Int32 = -1
        var processes: [Int32: (stage: Int, signal: String)] = [:]
        var folders: [String] = []
    }

    private let state = Locked(State())

    /// Has the process ended by `signal` (a name like `TERM`) when this one is gone: in stage 0, or in stage 1 after it.
    func add(_ pid: Int32, signal: String, stage: Int) throws(ServersError) {
        try change {
            $0.processes[pid] = (stage, signal)
        } line: { _ in
            "add \(stage) \(signal) \(pid)"
        }
    }

    /// Forgets a process that has ended.
    func remove(_ pid: Int32) {
        state.withLock { state in
            guard state.processes.removeValue(forKey: pid) != nil, state.descriptor >= 0 else { return }
            _ = Socket.sendQuietly(state.descriptor, Array("del - - \(pid)\n".utf8))
        }
    }

    /// Has the folder removed when this process is gone.
    func removeAtEnd(_ folder: String) throws(ServersError) {
        try change {
            $0.folders.append(folder)
        } line: { _ in
            "dir - - \(folder)"
        }
    }

    private func change(
        _ body: (inout State) -> Void, line: (borrowing State) -> String
    ) throws(ServersError) {
        try state.withLock { (state) throws(ServersError) in
            body(&state)
            let bytes = Array((line(state) + "\n").utf8)
            if state.descriptor >= 0, Socket.sendQuietly(state.descriptor, bytes) == bytes.count { return }
            // No guard yet, or somebody has killed it: start one and tell it everything.
            if state.descriptor >= 0 { close(state.descriptor) }
            // Nothing of the old one may stay if none can be started: the number may soon be another file's.
            state.descriptor = -1
            state.descriptor = try Self.start()
            let all = state.processes.map { "add \($1.stage) \($1.signal) \($0)\n" } + state.folders.map { "dir - - \($0)\n" }
            _ = Socket.sendQuietly(state.descriptor, Array(all.joined().utf8))
        }
    }

    private static func start() throws(ServersError) -> Int32 {
        let (ours, theirs) = try Socket.pair()
        let null = open("/dev/null", O_WRONLY | O_CLOEXEC)
        defer {
            close(theirs)
            close(null)
        }
        let pid: Int32
        do throws(ServersError) {
            pid = try Spawn.spawn(
                path: "/bin/sh", arguments: ["/bin/sh", "-c", script, "millrace-guard"],
                environment: ["PATH=/usr/bin:/bin"], directory: "/", descriptors: (theirs, null, null))
        } catch {
            close(ours)
            throw error
        }
        // Reaped if it dies before us, so that it leaves no zombie; normally it outlives us.
        Spawn.onExit(of: pid) { reap in _ = reap() }
        return ours
    }
}
