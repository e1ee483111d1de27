import CLibPQ
import Dispatch
import Logging
import Loop
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Opens a connection.
///
/// This part blocks, on a queue made for it: name resolution blocks inside libpq
/// anyway, and while it tries one address after another libpq replaces its socket, so that `poll` on the socket of the moment is
/// the simplest thing that is right.
enum Connector {
    static func connect(
        _ configuration: PostgresConfiguration, loop: EventLoop, logger: Logger
    ) async throws(PostgresError) -> ConnectionLink {
        let isCancelled = Flag()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                DispatchQueue(label: "postgres.connect").async {
                    continuation.resume(
                        returning: Result { () throws(PostgresError) in try open(configuration, loop, isCancelled, logger) })
                }
            }
        } onCancel: {
            isCancelled.set()
        }
        return try result.get()
    }

    private final class Flag: Sendable {
        private let value = Atomic<Bool>(false)
        func set() { value.store(true, ordering: .relaxed) }
        var isSet: Bool { value.load(ordering: .relaxed) }
    }

    private static func open(
        _ configuration: PostgresConfiguration, _ loop: EventLoop, _ isCancelled: Flag, _ logger: Logger
    ) throws(PostgresError) -> ConnectionLink {
        func failure(_ reason: String) -> PostgresError {
            PostgresError(code: .connectionFailed, message: "cannot connect to PostgreSQL at \(configuration): \(reason)")
        }
        let keywords = configuration.connectionKeywords
        let pointer = withCStrings(keywords.map(\.0)) { names in
            withCStrings(keywords.map(\.1)) { values in PQconnectStartParams(names, values, 0) }
        }
        guard let pointer else { throw failure("out of memory") }
        let link = ConnectionLink(pointer, loop: loop, logger: logger)
        if PQstatus(pointer) == CONNECTION_BAD { throw failure(link.errorMessage) }
        let deadline = ContinuousClock.now + configuration.connectTimeout
        var events = Int16(POLLOUT)
        while true {
            // Short waits, so that a cancelled task does not wait for the whole time.
            let left = ContinuousClock.now.duration(to: deadline)
            if left <= .zero { throw failure("no answer within \(configuration.connectTimeout)") }
            if isCancelled.isSet { throw PostgresError(code: .cancelled, message: "the task was cancelled while connecting") }
            var descriptor = pollfd(fd: PQsocket(pointer), events: events, revents: 0)
            let ready = poll(&descriptor, 1, CInt(min(max(left / .milliseconds(1), 1), 100)))
            if ready == 0 || (ready < 0 && errno == EINTR) { continue }
            switch PQconnectPoll(pointer) {
            case PGRES_POLLING_OK:
                PQsetnonblocking(pointer, 1)
                guard PQenterPipelineMode(pointer) == 1 else { throw failure(link.errorMessage) }
                return link
            case PGRES_POLLING_READING: events = Int16(POLLIN)
            case PGRES_POLLING_WRITING: events = Int16(POLLOUT)
            default: throw failure(link.errorMessage)
            }
        }
    }

    /// A NULL-terminated array of C strings, valid during the call.
    private static func withCStrings<R>(_ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> R) -> R {
        let copies = strings.map { strdup($0) }
        defer { copies.forEach { free($0) } }
        return (copies.map { UnsafePointer($0) } + [nil]).withUnsafeBufferPointer { body($0.baseAddress!) }
    }
}

extension PostgresConfiguration {
    /// libpq's keywords and values for this configuration.
    var connectionKeywords: [(String, String)] {
        // The server, too, is to notice a client that vanished without a word, and give up the locks and transactions that it had.
        var settings = "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"
        if let options { settings += " " + options }
        func set(_ name: String, _ value: String) {
            // Inside of `options` spaces and backslashes are escaped.
            let escaped = value.flatMap { $0 == " " || $0 == "\\" ? ["\\", $0] : [$0] }
            settings += " -c \(name)=" + String(escaped)
        }
        if let searchPath { set("search_path", searchPath) }
        if let statementTimeout { set("statement_timeout", String(max(1, Int(statementTimeout / .milliseconds(1))))) }
        var keywords: [(String, String)] = [
            ("host", host), ("port", String(port)), ("user", user), ("dbname", database), ("client_encoding", "UTF8"),
            ("options", settings), ("sslmode", sslMode.rawValue),
            // A peer that vanished without a word is noticed after about a minute.
            ("keepalives_idle", "30"), ("keepalives_interval", "10"), ("keepalives_count", "3"), ("tcp_user_timeout", "60000"),
        ]
        if let password { keywords.append(("password", password)) }
        if let applicationName { keywords.append(("application_name", applicationName)) }
        if let sslRootCert { keywords.append(("sslrootcert", sslRootCert)) }
        if let sslCert { keywords.append(("sslcert", sslCert)) }
        if let sslKey { keywords.append(("sslkey", sslKey)) }
        for (name, value) in parameters.sorted(by: { $0.key < $1.key }) {
            keywords.removeAll { $0.0 == name }
            keywords.append((name, value))
        }
        return keywords
    }
}
