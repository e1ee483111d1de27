import Foundation
public import Logging

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A PostgreSQL server of our own in a folder of our own, on 127.0.0.1 and a local socket.
///
/// It keeps its promises of durability (fsync is on) and asks for a password on every connection. As root
/// it runs under the account `postgres`, or a system account `millrace` that is made for it, because
/// PostgreSQL refuses root. It ends with this process, however that ends; after a kill the next `start()`
/// recovers the data.
public actor PrivatePostgres {
    /// The name of the superuser.
    public static let superuser = "postgres"

    /// The folder that was asked for.
    public nonisolated let dataDirectory: String
    /// The running server, or nil.
    public private(set) var process: ChildProcess?
    /// The TCP port; 0 before the first start. It stays the same for every further start.
    public private(set) var port: Int

    private let settings: [String: String]
    private let logger: Logger
    private var home: ServerHome?
    private var password = ""
    private var socketDirectory = ""

    /// - Parameters:
    ///   - dataDirectory: the folder for cluster, socket, log and password; made if it is missing.
    ///   - port: 0 chooses a free one.
    ///   - settings: server settings that replace ours, such as `["log_min_duration_statement": "100ms"]`.
    public init(
        dataDirectory: String, port: Int = 0, settings: [String: String] = [:], logger: Logger = Logger(label: "millrace.postgres")
    ) {
        self.dataDirectory = dataDirectory
        self.port = port
        self.settings = settings
        self.logger = logger
    }

    /// Starts a server in a new temporary folder, which is gone when this process ends. For tests.
    public static func temporary(settings: [String: String] = [:]) async throws(ServersError) -> PrivatePostgres {
        let server = PrivatePostgres(dataDirectory: try TemporaryDirectory.make(prefix: "millrace-pg") + "/pg", settings: settings)
        try await server.start()
        return server
    }

    /// Starts the server and waits until it accepts connections; makes the cluster the first time.
    ///
    /// - Parameter timeout: how long it may take to come up. A server that recovers after a crash is waited for as long as it lives,
    ///   since it would only begin again.
    /// - Returns: the superuser's URL over the local socket, see `url(user:password:database:)`.
    /// - Throws: `programMissing` if PostgreSQL is not installed, `exitedEarly` with the end of its log,
    ///   `timeout`, `noAccount`, `fileSystem`.
    @discardableResult
    public func start(timeout: Duration = .seconds(60)) async throws(ServersError) -> String {
        if let process, process.isRunning { return url() }
        let home = try await ServerHome.make(dataDirectory, accounts: ["postgres"], needsAccount: true)
        self.home = home
        let cluster = home.directory + "/data"
        let programs = try PostgresPrograms.find(forCluster: cluster)
        let passwordFile = home.directory + "/superuser-password"
        password = try Secret.kept(in: passwordFile)
        try home.account?.own(passwordFile)
        socketDirectory = try makeSocketDirectory(home)
        if !Files.exists(cluster + "/PG_VERSION") {
            try await makeCluster(cluster, passwordFile, programs, home)
        }
        let isFirst = port == 0
        if isFirst { port = try FreePort.next() }
        try await PostgresPidFile.clearStale(cluster: cluster)

        let deadline = ContinuousClock.now + timeout
        while true {
            let child = try launch(cluster, programs, home)
            process = child
            if try await isReady(child, cluster: cluster, deadline: deadline) { return url() }
            let log = Files.tail(home.directory + "/postgresql.log")
            // Backends of a server that was killed a moment ago still hold its shared memory.
            let transient = log.contains("shared memory block") || log.contains("could not bind")
            guard transient, ContinuousClock.now < deadline else {
                throw ServersError(.exitedEarly, "PostgreSQL did not start; the end of \(home.directory)/postgresql.log:\n\(log)")
            }
            // Somebody else was faster.
            if isFirst, log.contains("could not bind") { port = try FreePort.next() }
            try? await Task.sleep(for: .milliseconds(100))
        }
    }

    /// A URL for a role, over the local socket: `postgres://user:password@localhost:port/database?host=/folder`.
    /// Without arguments it is the superuser's for the database `postgres`.
    public func url(user: String = superuser, password: String? = nil, database: String = "postgres") -> String {
        tcpURL(user: user, password: password, database: database) + "?host=" + escaped(socketDirectory, slashes: true)
    }

    /// The same over TCP: `postgres://user:password@127.0.0.1:port/database`.
    public func tcpURL(user: String = superuser, password: String? = nil, database: String = "postgres") -> String {
        let password = password ?? (user == Self.superuser ? self.password : "")
        return "postgres://\(escaped(user)):\(escaped(password))@127.0.0.1:\(port)/\(escaped(database))"
    }

    /// Stops the server: open transactions are rolled back, then it ends in good order.
    public func stop(timeout: Duration = .seconds(20)) async {
        guard let child = process else { return }
        process = nil
        await child.stop(signal: SIGINT, timeout: timeout)
    }

    /// Kills the whole server as a power failure would, and returns when it is gone. `start()` recovers it.
    public func kill() async {
        guard let child = process else { return }
        process = nil
        let backends = ProcessTable.children(of: child.pid)
        child.kill()
        // Each backend leads its own session, so the group does not reach it.
        for pid in backends { _ = Glue.kill(pid, SIGKILL) }
        _ = await child.wait()
    }

    /// Stops the server and removes all of its data.
    public func remove() async {
        await stop()
        home?.remove()
    }

    private func makeSocketDirectory(_ home: ServerHome) throws(ServersError) -> String {
        // A socket's path may have 107 bytes on Linux and 103 on macOS, `/.s.PGSQL.65535` included.
        if home.directory.utf8.count <= 80 { return try home.makeFolder("socket") }
        let path = "/tmp/millrace-" + SHA256.hex(Array(home.directory.utf8)).prefix(12)
        try Files.makeDirectory(path, mode: 0o700)
        try home.account?.own(path)
        return path
    }

    private func makeCluster(
        _ cluster: String, _ passwordFile: String, _ programs: PostgresPrograms, _ home: ServerHome
    ) async throws(ServersError) {
        // Made beside its place and then renamed: an interrupted start leaves no half a cluster.
        let unfinished = cluster + ".unfinished"
        try? FileManager.default.removeItem(atPath: unfinished)
        let result = try await ChildProcess.run(
            .init(
                executable: programs.initdb,
                arguments: [
                    "--pgdata=\(unfinished)", "--username=\(Self.superuser)", "--pwfile=\(passwordFile)",
                    "--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-instructions",
                ],
                environment: environment, workingDirectory: home.directory, account: home.account?.name))
        guard result.status.isSuccess, rename(unfinished, cluster) == 0 else {
            throw ServersError(.exitedEarly, "initdb failed (\(result.status)): \(result.standardError)")
        }
    }

    private func launch(_ cluster: String, _ programs: PostgresPrograms, _ home: ServerHome) throws(ServersError) -> ChildProcess {
        var all = [
            "port": "\(port)", "listen_addresses": "127.0.0.1", "unix_socket_directories": socketDirectory,
            "unix_socket_permissions": "0700", "max_connections": "120", "shared_buffers": "128MB",
            // Much work is small writes: fewer checkpoints, quick vacuum of the small, busy queue tables.
            "max_wal_size": "2GB", "checkpoint_timeout": "15min", "wal_compression": "on", "autovacuum_naptime": "10s",
            "random_page_cost": "1.1", "jit": "off", "max_parallel_workers_per_gather": "0",
            "password_encryption": "scram-sha-256", "timezone": "UTC", "log_timezone": "UTC",
            "log_line_prefix": "%m %u ", "cluster_name": "millrace", "idle_in_transaction_session_timeout": "5min",
        ]
        all.merge(settings) { $1 }
        let switches = all.sorted { $0.key < $1.key }.flatMap { ["-c", "\($0)=\($1)"] }
        let log = home.directory + "/postgresql.log"
        return try ChildProcess.spawn(
            .init(
                executable: programs.postgres, arguments: ["-D", cluster] + switches, environment: environment,
                workingDirectory: home.directory, account: home.account?.name,
                standardOutput: .file(log), standardError: .file(log), guardSignal: "INT", isServer: true))
    }

    private var environment: [String: String] {
        ["PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC", "HOME": home?.directory ?? "/"]
    }

    /// False: it ended. Throws if the time is over.
    private func isReady(_ child: ChildProcess, cluster: String, deadline: ContinuousClock.Instant) async throws(ServersError) -> Bool {
        while true {
            let status = PostgresPidFile.status(cluster: cluster, pid: child.pid)
            if status == .ready { return true }
            if status == .none, ContinuousClock.now >= deadline { break }
            if await child.wait(atMost: .milliseconds(10)) != nil { return false }
            if Task.isCancelled { break }
        }
        await child.stop(signal: SIGQUIT, timeout: .seconds(5))
        process = nil
        let what = Task.isCancelled ? "waited for any longer" : "ready in time"
        throw ServersError(.timeout, "PostgreSQL was not \(what); see \(home?.directory ?? dataDirectory)/postgresql.log")
    }
}

/// Escapes what may not stand in a part of a URL.
func escaped(_ text: String, slashes: Bool = false) -> String {
    let free = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8)
    return text.utf8.map { byte in
        if free.contains(byte) || slashes && byte == UInt8(ascii: "/") { return String(UnicodeScalar(byte)) }
        return "%" + String(byte >> 4, radix: 16, uppercase: true) + String(byte & 15, radix: 16, uppercase: true)
    }.joined()
}
