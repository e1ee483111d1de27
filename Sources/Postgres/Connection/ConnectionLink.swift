import CLibPQ
import Logging
import Loop

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Owns the `PGconn` of one connection and the events of its socket.
///
/// Sendable by proof: it is made while nobody else knows it, handed to the actor that runs on the loop's thread, and used only
/// there; `deinit` runs when nobody refers to it any more, and leaves the rest to that thread.
final class ConnectionLink: @unchecked Sendable {
    let pointer: OpaquePointer
    private let loop: EventLoop
    private var watch: SocketWatch?
    private var isFinished = false
    private let notices: Unmanaged<NoticeSink>

    /// Takes ownership of a connection that has been established.
    init(_ pointer: OpaquePointer, loop: EventLoop, logger: Logger) {
        self.pointer = pointer
        self.loop = loop
        notices = Unmanaged.passRetained(NoticeSink(logger))
        // Without a receiver libpq prints notices to stderr.
        PQsetNoticeReceiver(
            pointer,
            { context, result in
                guard let context, let text = PQresultErrorMessage(result) else { return }
                Unmanaged<NoticeSink>.fromOpaque(context).takeUnretainedValue().receive(String(cString: text))
            }, notices.toOpaque())
    }

    deinit {
        if isFinished { return }
        let remains = Remains(pointer: pointer, notices: notices, watch: watch)
        if watch == nil || loop.isCurrent { remains.finish(on: loop) } else { loop.async { [loop] in remains.finish(on: loop) } }
    }

    /// What is to be freed, on the loop's thread.
    ///
    /// Sendable by proof: made by the one who frees, who gives it away at once.
    private struct Remains: @unchecked Sendable {
        let pointer: OpaquePointer
        let notices: Unmanaged<NoticeSink>
        let watch: SocketWatch?

        func finish(on loop: EventLoop) {
            watch?.cancel(on: loop)
            PQfinish(pointer)
            notices.release()
        }
    }

    /// Calls the handlers when the socket can be read or, after ``armWriter()``, written. To be called on the loop's thread.
    func watch(readable: @escaping () -> Void, writable: @escaping () -> Void) {
        let pointer = pointer
        let watch = SocketWatch(descriptor: { PQsocket(pointer) }, readable: readable, writable: writable)
        self.watch = watch
        loop.add(watch)
    }

    func armWriter() { watch?.wantsWrite = true }

    func disarmWriter() { watch?.wantsWrite = false }

    /// Whether decrypted bytes wait inside of OpenSSL, which the socket's readiness does not show.
    var hasBufferedTLSBytes: Bool {
        guard let pending = Self.sslPending, PQsslInUse(pointer) != 0, let ssl = PQsslStruct(pointer, "OpenSSL") else { return false }
        return pending(ssl) > 0
    }

    /// `SSL_pending` of the OpenSSL that libpq has loaded; looked up so that this package need not link OpenSSL itself.
    private static let sslPending: (@convention(c) (UnsafeMutableRawPointer) -> CInt)? = {
        guard let symbol = dlsym(nil, "SSL_pending") else { return nil }
        return unsafeBitCast(symbol, to: (@convention(c) (UnsafeMutableRawPointer) -> CInt).self)
    }()

    /// libpq's own description of what is wrong.
    var errorMessage: String {
        guard let text = PQerrorMessage(pointer) else { return "unknown" }
        let message = String(cString: text)
        return String(message.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    }

    /// Ends the session and frees everything; harmless when repeated.
    func finish() {
        if isFinished { return }
        isFinished = true
        Remains(pointer: pointer, notices: notices, watch: watch).finish(on: loop)
        watch = nil
    }
}

/// Where the server's notices go: the log, at level debug.
private final class NoticeSink: Sendable {
    private let logger: Logger
    init(_ logger: Logger) { self.logger = logger }
    func receive(_ text: String) { logger.debug("PostgreSQL: \(text)") }
}
