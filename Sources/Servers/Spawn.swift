import CProcess
import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// posix_spawn and waitid, with their C types in one place.
enum Spawn {
    /// Starts a program in a process group of its own (so that a Ctrl-C at the terminal reaches only the
    /// parent, which then decides), with default signal handling, no blocked signals, and no descriptor
    /// open but 0, 1 and 2.
    static func spawn(
        path: String, arguments: [String], environment: [String], directory: String?,
        descriptors: (input: Int32, output: Int32, error: Int32)
    ) throws(ServersError) -> Int32 {
        #if canImport(Darwin)
            var actions: posix_spawn_file_actions_t? = nil
            var attributes: posix_spawnattr_t? = nil
        #else
            var actions = posix_spawn_file_actions_t()
            var attributes = posix_spawnattr_t()
        #endif
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        if let directory { posix_spawn_file_actions_addchdir_np(&actions, directory) }
        posix_spawn_file_actions_adddup2(&actions, descriptors.input, 0)
        posix_spawn_file_actions_adddup2(&actions, descriptors.output, 1)
        posix_spawn_file_actions_adddup2(&actions, descriptors.error, 2)
        var flags = Int32(POSIX_SPAWN_SETPGROUP) | Int32(POSIX_SPAWN_SETSIGDEF) | Int32(POSIX_SPAWN_SETSIGMASK)
        #if canImport(Darwin)
            flags |= Int32(POSIX_SPAWN_CLOEXEC_DEFAULT)
        #else
            posix_spawn_file_actions_addclosefrom_np(&actions, 3)
        #endif
        var all = sigset_t()
        var none = sigset_t()
        sigfillset(&all)
        sigemptyset(&none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(flags))

        let argv = arguments.map { strdup($0) } + [nil]
        let envp = environment.map { strdup($0) } + [nil]
        defer { (argv + envp).forEach { free($0) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, path, &actions, &attributes, argv, envp)
        guard code == 0 else {
            throw ServersError(
                code == ENOENT ? .programMissing : .spawnFailed, "cannot start \(path): \(systemMessage(code))")
        }
        return pid
    }

    /// Calls `body` on a thread of its own when the process has ended but is not reaped yet; `body` has to call `reap`. Until
    /// `reap` runs its number cannot be given to another process, so signals cannot hit a stranger.
    static func onExit(of pid: Int32, _ body: @escaping @Sendable (_ reap: () -> ExitStatus) -> Void) {
        let thread = Thread {
            var info = siginfo_t()
            while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) != 0, errno == EINTR {}
            body { reap(pid) }
        }
        thread.name = "wait \(pid)"
        thread.stackSize = 256 * 1024
        thread.start()
    }

    private static func reap(_ pid: Int32) -> ExitStatus {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) != pid {
            if errno != EINTR { return .exited(255) }
        }
        let signal = status & 0x7f
        return signal == 0 ? .exited((status >> 8) & 0xff) : .signaled(signal)
    }
}
