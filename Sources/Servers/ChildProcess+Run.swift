import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension ChildProcess {
    /// What a process that was run to its end has left.
    public struct Result: Sendable {
        /// How it ended.
        public var status: ExitStatus
        /// All of its standard output.
        public var standardOutput: String
        /// All of its standard error.
        public var standardError: String
    }

    /// Runs a program to its end and collects its output, at most the last 20,000 lines of each stream.
    ///
    /// - Parameter timeout: after this time it is killed, and the status says so; nil lets it take as long as it takes. It is also
    ///   killed when the task is cancelled.
    /// - Throws: as `spawn`.
    public static func run(
        _ configuration: Configuration, timeout: Duration? = .seconds(60)
    ) async throws(ServersError) -> Result {
        var configuration = configuration
        configuration.standardOutput = .lines
        configuration.standardError = .lines
        let child = try spawn(configuration)
        child.closeInput()
        async let output = collect(child.standardOutput)
        async let error = collect(child.standardError)
        if await child.wait(atMost: timeout, cancellable: true) == nil { child.kill() }
        let status = await child.wait()
        return await Result(status: status, standardOutput: output, standardError: error)
    }

    private static func collect(_ lines: AsyncStream<String>) async -> String {
        var text = ""
        for await line in lines { text += line + "\n" }
        return text
    }

    /// The program and its arguments, behind `setpriv` if another account was asked for. `setpriv` replaces
    /// itself by the program, so the process number stays the same.
    static func command(_ configuration: Configuration) throws(ServersError) -> (String, [String]) {
        let name = configuration.executable
        guard let path = name.contains("/") ? name : Files.program(name) else {
            throw ServersError(.programMissing, "the program `\(name)` is not installed")
        }
        guard let account = configuration.account else { return (path, [path] + configuration.arguments) }
        guard let setpriv = Files.program("setpriv"), let entry = ServerAccount.existing([account]) else {
            throw ServersError(.noAccount, "cannot run \(name) as \(account): no such account, or `setpriv` is not installed")
        }
        let switches = ["--reuid=\(entry.user)", "--regid=\(entry.group)", "--clear-groups", "--"]
        return (setpriv, [setpriv] + switches + [path] + configuration.arguments)
    }

    /// Opens what an output stream goes to; what has to be closed after the start is added to `opened`.
    static func open(
        _ output: Configuration.Output, own: Int32, _ opened: inout [Int32]
    ) throws(ServersError) -> (theirs: Int32, ours: Int32) {
        switch output {
        case .inherit:
            return (own, -1)
        case .null, .file:
            var path = "/dev/null"
            if case .file(let name) = output { path = name }
            let descriptor = openFile(path)
            guard descriptor >= 0 else { throw ServersError(.fileSystem, "cannot write \(path): \(systemMessage())") }
            opened.append(descriptor)
            return (descriptor, -1)
        case .lines:
            var ends: [Int32] = [-1, -1]
            guard pipe(&ends) == 0 else { throw ServersError(.spawnFailed, "cannot make a pipe: \(systemMessage())") }
            // `Spawn` closes everything but 0, 1 and 2; this is for whatever else this process may start.
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            opened.append(ends[1])
            return (ends[1], ends[0])
        }
    }

    private static func openFile(_ path: String) -> Int32 {
        #if canImport(Glibc)
            Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        #elseif canImport(Musl)
            Musl.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        #else
            Darwin.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        #endif
    }

    static func lines(_ descriptor: Int32) -> AsyncStream<String> {
        guard descriptor >= 0 else { return AsyncStream { $0.finish() } }
        return LineReader(descriptor).lines
    }
}
