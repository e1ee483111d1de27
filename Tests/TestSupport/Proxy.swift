import Dispatch
import Locking

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A TCP proxy whose connections a test can cut, at once and from anywhere: what is sent after the cut reaches nobody.
public final class Proxy: Sendable {
    private struct State {
        var listener: Int32 = -1
        var sockets: Set<Int32> = []
        var isRefusing = false
        /// What a client must send to have its answer lost; one after the other.
        var lost: [[UInt8]] = []
    }

    /// Where it listens on 127.0.0.1.
    public let port: Int
    private let target: Int
    private let state = Locked(State())

    /// Listens on a free port of 127.0.0.1 and forwards to `target` there.
    public init(to target: Int) throws {
        self.target = target
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.address(0)
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, Self.addressSize) }
        }
        guard listener >= 0, bound == 0, listen(listener, 64) == 0 else { throw ProxyError() }
        var size = Self.addressSize
        _ = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(listener, $0, &size) }
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        state.withLock { $0.listener = listener }
        // Blocking calls belong on threads of their own.
        Self.thread { [self] in accept(on: listener) }
    }

    /// Cuts all connections; new ones are taken.
    public func cut() {
        // Under the lock, since the number of a socket that is closed meanwhile may be somebody else's.
        state.withLock { state in
            for socket in state.sockets { shutdown(socket, Int32(SHUT_RDWR)) }
        }
    }

    /// Cuts all connections, and new ones as soon as they come, until ``restore()``.
    public func sever() {
        state.withLock { $0.isRefusing = true }
        cut()
    }

    /// Takes connections again.
    public func restore() { state.withLock { $0.isRefusing = false } }

    /// Cuts a connection that sends the first of `texts`, instead of passing the next answer on: the server has done it, and nobody
    /// knows. Then one that sends the second, and so on. A text that comes in two pieces is missed.
    public func loseAnswers(to texts: [String]) { state.withLock { $0.lost = texts.map { Array($0.utf8) } } }

    /// How many answers will still be lost.
    public var answersToLose: Int { state.withLock { $0.lost.count } }

    private func losesAnswer(to bytes: ArraySlice<UInt8>) -> Bool {
        state.withLock { state in
            guard let text = state.lost.first, bytes.contains(text) else { return false }
            state.lost.removeFirst()
            return true
        }
    }

    /// Ends it; a second time does nothing.
    public func close() {
        state.withLock { state in
            guard state.listener >= 0 else { return }
            shutdown(state.listener, Int32(SHUT_RDWR))
            state.listener = -1
            // Who has just been accepted finds the end, too.
            state.isRefusing = true
        }
        cut()
    }

    private func accept(on listener: Int32) {
        while true {
            let inner = Self.accept(listener)
            guard inner >= 0 else { break }
            let outer = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = Self.address(target)
            let isConnected = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(outer, $0, Self.addressSize) }
            }
            let isRefusing = state.withLock { state in
                state.sockets.formUnion([inner, outer])
                return state.isRefusing
            }
            if isConnected != 0 || isRefusing {
                end(inner, outer)
                continue
            }
            var on: Int32 = 1
            for socket in [inner, outer] {
                setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
            }
            let pair = Pair()
            Self.thread { [self] in
                Self.copy(inner, outer) { [self] in if losesAnswer(to: $0) { pair.loseAnswer() } }
                if pair.leave() { end(inner, outer) }
            }
            Self.thread { [self] in
                Self.copy(outer, inner, while: { !pair.isAnswerLost })
                if pair.leave() { end(inner, outer) }
            }
        }
        // Nobody shuts down a number that is no longer ours.
        state.withLock { state in
            state.listener = -1
            _ = posixClose(listener)
        }
    }

    private func end(_ inner: Int32, _ outer: Int32) {
        state.withLock { state in
            state.sockets.subtract([inner, outer])
            _ = posixClose(inner)
            _ = posixClose(outer)
        }
    }

    private static func copy(
        _ from: Int32, _ to: Int32, seeing look: (ArraySlice<UInt8>) -> Void = { _ in }, while passesOn: () -> Bool = { true }
    ) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(from, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            look(buffer[..<count])
            guard passesOn() else { break }
            var sent = 0
            while sent < count {
                let part = buffer.withUnsafeBytes { send(to, $0.baseAddress! + sent, count - sent, Int32(MSG_NOSIGNAL)) }
                guard part > 0 else { break }
                sent += part
            }
            guard sent == count else { break }
        }
        shutdown(from, Int32(SHUT_RDWR))
        shutdown(to, Int32(SHUT_RDWR))
    }

    private static var addressSize: socklen_t { socklen_t(MemoryLayout<sockaddr_in>.size) }

    private static func address(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return address
    }

    private static func accept(_ listener: Int32) -> Int32 { posixAccept(listener) }

    private static func thread(_ body: @escaping @Sendable () -> Void) {
        DispatchQueue(label: "proxy").async(execute: body)
    }
}

/// A proxy that cannot listen.
struct ProxyError: Error {}

/// Two threads share a connection; the last to leave closes it.
private final class Pair: Sendable {
    private let open = Locked(2)
    private let lost = Locked(false)

    var isAnswerLost: Bool { lost.withLock { $0 } }
    func loseAnswer() { lost.withLock { $0 = true } }

    func leave() -> Bool {
        open.withLock { open in
            open -= 1
            return open == 0
        }
    }
}

private func posixClose(_ file: Int32) -> Int32 { close(file) }
private func posixAccept(_ listener: Int32) -> Int32 { accept(listener, nil, nil) }
