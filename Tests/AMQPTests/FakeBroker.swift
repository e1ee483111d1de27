import Foundation
import Locking
import Servers

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// A listening socket whose connections are served by blocking code on threads of their own.
final class FakeBroker: Sendable {
    let port: Int
    private let sockets: OpenSockets

    /// Listens on a free port.
    init(_ serve: @escaping @Sendable (FakeConnection) -> Void) throws {
        #if os(Linux)
            let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            let listener = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        var address = Self.address(0)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        guard bound == 0, listen(listener, 64) == 0 else { throw ServersError(.timeout, "cannot listen on a free port") }
        _ = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(listener, $0, &size) }
        }
        port = Int(in_port_t(bigEndian: address.sin_port))
        let sockets = OpenSockets()
        self.sockets = sockets
        _ = sockets.add(listener)
        // The thread knows the sockets only, and not this object, which ends when the test lets it go.
        Thread.detachNewThread { Self.serveAll(listener, sockets, serve) }
    }

    deinit { sockets.end() }

    private static func serveAll(_ listener: Int32, _ sockets: OpenSockets, _ serve: @escaping @Sendable (FakeConnection) -> Void) {
        while true {
            let descriptor = accept(listener, nil, nil)
            guard descriptor >= 0 else { break }
            guard sockets.add(descriptor) else {
                close(descriptor)
                break
            }
            Thread.detachNewThread {
                let connection = FakeConnection(descriptor)
                serve(connection)
                connection.finish()
                sockets.remove(descriptor)
            }
        }
        sockets.remove(listener)
    }

    var url: String { "amqp://127.0.0.1:\(port)" }

    static func address(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }

    /// A blocking connection to a port of this machine; -1 if nobody listens.
    static func connect(to port: Int) -> Int32 {
        #if os(Linux)
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            let descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        var address = address(port)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                #if canImport(Darwin)
                    Darwin.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                #elseif canImport(Musl)
                    Musl.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                #else
                    Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                #endif
            }
        }
        if result == 0 { return descriptor }
        close(descriptor)
        return -1
    }
}

/// The sockets of a fake broker that are not closed yet. Each is closed by the thread that uses it, and under the lock: at once its
/// number may be that of somebody else's.
private final class OpenSockets: Sendable {
    private struct State {
        var descriptors: Set<Int32> = []
        var hasEnded = false
    }

    private let state = Locked(State())

    /// Returns false once all have been ended.
    func add(_ descriptor: Int32) -> Bool {
        state.withLock { state in
            if !state.hasEnded { state.descriptors.insert(descriptor) }
            return !state.hasEnded
        }
    }

    func remove(_ descriptor: Int32) {
        state.withLock { state in
            state.descriptors.remove(descriptor)
            _ = close(descriptor)
        }
    }

    /// Wakes all threads, which then close them.
    func end() {
        state.withLock { state in
            state.hasEnded = true
            for descriptor in state.descriptors { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
    }
}

/// One connection of a fake broker, with as much AMQP as a broker needs to be believed.
struct FakeConnection: Sendable {
    let descriptor: Int32
    init(_ descriptor: Int32) { self.descriptor = descriptor }

    struct Frame {
        let type: UInt8
        let channel: UInt16
        let payload: [UInt8]
        /// Class and method, for a method frame.
        var method: UInt32 { payload.count < 4 ? 0 : payload.prefix(4).reduce(0) { $0 << 8 | UInt32($1) } }
    }

    func read(_ count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let n = bytes.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress.map { $0 + done }, count - done, 0) }
            guard n > 0 else { return nil }
            done += n
        }
        return bytes
    }

    func readFrame() -> Frame? {
        guard let head = read(7) else { return nil }
        let size = Int(head[3]) << 24 | Int(head[4]) << 16 | Int(head[5]) << 8 | Int(head[6])
        guard size < 1 << 20, let rest = read(size + 1) else { return nil }
        return Frame(type: head[0], channel: UInt16(head[1]) << 8 | UInt16(head[2]), payload: Array(rest.dropLast()))
    }

    @discardableResult
    func write(_ bytes: [UInt8]) -> Bool {
        var done = 0
        while done < bytes.count {
            #if os(Linux)
                let flags = Int32(MSG_NOSIGNAL)
            #else
                let flags: Int32 = 0
            #endif
            let n = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress.map { $0 + done }, bytes.count - done, flags) }
            guard n > 0 else { return false }
            done += n
        }
        return true
    }

    static func frame(_ type: UInt8, _ channel: UInt16, _ payload: [UInt8]) -> [UInt8] {
        [type, UInt8(channel >> 8), UInt8(channel & 0xff)] + bytes(UInt32(payload.count)) + payload + [0xce]
    }

    static func bytes(_ value: UInt32) -> [UInt8] {
        [UInt8(value >> 24), UInt8(value >> 16 & 0xff), UInt8(value >> 8 & 0xff), UInt8(value & 0xff)]
    }

    @discardableResult
    func method(_ channel: UInt16, _ id: UInt32, _ arguments: [UInt8] = []) -> Bool {
        write(Self.frame(1, channel, Self.bytes(id) + arguments))
    }

    static let startArguments: [UInt8] = [0, 9] + bytes(0) + bytes(5) + Array("PLAIN".utf8) + bytes(5) + Array("en_US".utf8)

    /// Greets and tunes a client.
    func handshake(heartbeat: UInt8 = 0) -> Bool {
        guard read(8) != nil else { return false }
        method(0, 0x000a_000a, Self.startArguments)
        guard readFrame() != nil else { return false }
        method(0, 0x000a_001e, [7, 255] + Self.bytes(131_072) + [0, heartbeat])
        guard readFrame()?.method == 0x000a_001f, readFrame()?.method == 0x000a_0028 else { return false }
        return method(0, 0x000a_0029, [0])
    }

    /// Answers requests as a broker does, until `custom` returns true or the connection ends.
    func serve(_ custom: (Frame) -> Bool = { _ in false }) {
        while let frame = readFrame() {
            if custom(frame) { return }
            guard frame.type == 1 else { continue }
            switch frame.method {
            case 0x0014_000a: method(frame.channel, 0x0014_000b, Self.bytes(0))
            case 0x0014_0028: method(frame.channel, 0x0014_0029)
            case 0x0032_000a: method(frame.channel, 0x0032_000b, [1, 0x71] + Self.bytes(0) + Self.bytes(0))
            case 0x003c_000a: method(frame.channel, 0x003c_000b)
            case 0x003c_0014: method(frame.channel, 0x003c_0015, [1, 0x63])
            case 0x0055_000a: method(frame.channel, 0x0055_000b)
            case 0x000a_0032:
                method(0, 0x000a_0033)
                return
            default: break
            }
        }
    }

    /// From now on a read that gets nothing for so long counts as the end of the connection.
    func limitReads(milliseconds: Int) {
        var limit = timeval()
        limit.tv_usec = .init(milliseconds * 1000)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    /// Says that nothing more comes, and waits until the other side has gone: a socket that is closed before is reset, and what was
    /// written last may be lost.
    func finish() {
        shutdown(descriptor, Int32(SHUT_WR))
        var rest = [UInt8](repeating: 0, count: 4096)
        while recv(descriptor, &rest, rest.count, 0) > 0 {}
    }

    /// Takes no notice of anything until the other side goes.
    func ignore() {
        var entry = pollfd(fd: descriptor, events: 0, revents: 0)
        while poll(&entry, 1, 1000) == 0 {}
    }
}

/// Passes bytes between clients and a port of this machine, until it is told to stop passing them.
final class FreezingProxy: Sendable {
    private let state: Shared
    private let broker: FakeBroker
    var port: Int { broker.port }

    private final class Shared: Sendable {
        let frozen = Locked(false)
        let open = Locked<[Int32]>([])
    }

    init(to port: Int) throws {
        let state = Shared()
        self.state = state
        broker = try FakeBroker { client in
            let server = FakeConnection(FakeBroker.connect(to: port))
            guard server.descriptor >= 0 else { return }
            state.open.withLock { $0 += [client.descriptor, server.descriptor] }
            let isOver = Locked(false)
            Thread.detachNewThread {
                Self.pass(from: server, to: client, state)
                isOver.withLock { $0 = true }
            }
            Self.pass(from: client, to: server, state)
            for connection in [client, server] { shutdown(connection.descriptor, Int32(SHUT_RDWR)) }
            // Their numbers are given back when neither the other thread nor `thaw` can use them any more.
            while !isOver.withLock({ $0 }) { usleep(5000) }
            state.open.withLock { open in open.removeAll { $0 == client.descriptor || $0 == server.descriptor } }
            close(server.descriptor)
        }
    }

    private static func pass(from: FakeConnection, to: FakeConnection, _ state: Shared) {
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let n = recv(from.descriptor, &buffer, buffer.count, 0)
            if n <= 0 { break }
            while state.frozen.withLock({ $0 }) { usleep(5000) }
            if !to.write(Array(buffer[..<n])) { break }
        }
        shutdown(to.descriptor, Int32(SHUT_RDWR))
    }

    /// From now on nothing passes, in either direction; the connections stay open, as with a pulled cable.
    func freeze() { state.frozen.withLock { $0 = true } }

    /// Ends the frozen connections and passes bytes again.
    func thaw() {
        state.open.withLock { open in
            for descriptor in open { shutdown(descriptor, Int32(SHUT_RDWR)) }
            open = []
        }
        state.frozen.withLock { $0 = false }
    }
}
