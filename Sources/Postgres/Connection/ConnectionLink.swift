import CLibPQ
import Dispatch
import Logging

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Owns the `PGconn` of one connection and the events of its socket.
///
/// Sendable by proof: it is made on the connection's queue, handed to the actor that runs on that queue, and used only there;
/// `deinit` runs when nobody refers to it any more.
final class ConnectionLink: @unchecked Sendable {
    let pointer: OpaquePointer
    #if os(Linux)
    private var socketWatch: SocketWatch?
    #else
    private var reader: (any DispatchSourceRead)?
    private var writer: (any DispatchSourceWrite)?
    private var isWriterArmed = false
    #endif
    private var isFinished = false
    private let notices: Unmanaged<NoticeSink>

    /// Takes ownership of a connection that has been established.
    init(_ pointer: OpaquePointer, logger: Logger) {
        self.pointer = pointer
        notices = Unmanaged.passRetained(NoticeSink(logger))
        // Without a receiver libpq prints notices to stderr.
        PQsetNoticeReceiver(
            pointer,
            { context, result in
                guard let context, let text = PQresultErrorMessage(result) else { return }
                Unmanaged<NoticeSink>.fromOpaque(context).takeUnretainedValue().receive(String(cString: text))
            }, notices.toOpaque())
    }

    deinit { finish() }

    /// Calls the handlers on `queue` when the socket can be read or, after ``armWriter()``, written.
    ///
    /// A duplicate of the descriptor is watched: libpq closes its own whenever it finds the connection broken, and a descriptor
    /// must not be closed (and its number used again) while it is still watched.
    func watch(on queue: DispatchQueue, readable: @escaping @Sendable () -> Void, writable: @escaping @Sendable () -> Void) -> Bool {
        let descriptor = dup(PQsocket(pointer))
        guard descriptor >= 0 else { return false }
        #if os(Linux)
        socketWatch = SocketPoller.shared.add { id in
            SocketWatch(id: id, descriptor: descriptor, queue: queue, readable: readable, writable: writable)
        }
        return socketWatch != nil
        #else
        let owner = DescriptorOwner(descriptor)
        let reader = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
        let writer = DispatchSource.makeWriteSource(fileDescriptor: descriptor, queue: queue)
        reader.setEventHandler(handler: readable)
        writer.setEventHandler(handler: writable)
        // Both handlers hold the owner, so that the descriptor is closed when the second has run.
        reader.setCancelHandler { withExtendedLifetime(owner) {} }
        writer.setCancelHandler { withExtendedLifetime(owner) {} }
        reader.resume()
        self.reader = reader
        self.writer = writer
        return true
        #endif
    }

    #if os(Linux)
    func armWriter() { socketWatch?.setWantsWrite(true) }

    func disarmWriter() { socketWatch?.setWantsWrite(false) }
    #else
    func armWriter() {
        guard !isWriterArmed, let writer else { return }
        isWriterArmed = true
        writer.resume()
    }

    func disarmWriter() {
        guard isWriterArmed, let writer else { return }
        isWriterArmed = false
        writer.suspend()
    }
    #endif

    /// Whether the socket has more to read, its end included.
    ///
    /// The last bytes of a session and its end may arrive as one event; after it the event source says nothing any more, so
    /// whoever has read must look again.
    var isReadable: Bool {
        var descriptor = pollfd(fd: PQsocket(pointer), events: Int16(POLLIN), revents: 0)
        return descriptor.fd >= 0 && poll(&descriptor, 1, 0) > 0
    }

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
        #if os(Linux)
        socketWatch?.cancel()
        socketWatch = nil
        #else
        armWriter()  // a suspended source must not be released
        reader?.cancel()
        writer?.cancel()
        reader = nil
        writer = nil
        #endif
        PQfinish(pointer)
        notices.release()
    }
}

#if !os(Linux)
/// Closes a descriptor when the last reference goes.
private final class DescriptorOwner: Sendable {
    private let descriptor: CInt
    init(_ descriptor: CInt) { self.descriptor = descriptor }
    deinit { close(descriptor) }
}
#endif

/// Where the server's notices go: the log, at level debug.
private final class NoticeSink: Sendable {
    private let logger: Logger
    init(_ logger: Logger) { self.logger = logger }
    func receive(_ text: String) { logger.debug("PostgreSQL: \(text)") }
}
