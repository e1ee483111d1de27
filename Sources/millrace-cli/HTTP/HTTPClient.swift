import Locking
package import NIOHTTP1

/// A small HTTP/1.1 client for one server: a fixed number of connections, kept alive, one request at a time on each. It is made
/// to drive the edge as fast as it goes, and serves for the few requests that commands make.
package final class HTTPClient: Sendable {
    /// What is sent.
    package struct Request: Sendable {
        var method: HTTPMethod
        var path: String
        var headers: [(String, String)] = []
        var body: [UInt8] = []

        package init(method: HTTPMethod, path: String, headers: [(String, String)] = [], body: [UInt8] = []) {
            self.method = method
            self.path = path
            self.headers = headers
            self.body = body
        }
    }

    /// What comes back.
    package struct Answer: Sendable {
        package var status: Int
        var headers: HTTPHeaders
        package var body: [UInt8]
    }

    /// Why nothing came back.
    package enum Failure: Error, Sendable, Equatable, CustomStringConvertible {
        /// The request was never sent; sending it again is safe.
        case notSent(String)
        /// It was sent, or may have been; nobody knows what the server did with it.
        case unknown(String)
        /// It was answered with a body of more bytes than these, which was not read to its end.
        case tooLarge(Int)

        package var description: String {
            switch self {
            case .notSent(let reason), .unknown(let reason): reason
            case .tooLarge(let limit): "the answer is larger than \(limit >> 20) MiB"
            }
        }
    }

    /// How many bytes the body of an answer may have unless something else is said: 64 MiB.
    package static let bodyLimit = 64 << 20

    private let slots: [HTTPConnection]
    private let waiting: FreeList

    /// - Parameters:
    ///   - connections: at least 1; opened when they are needed.
    ///   - bodyLimit: the most bytes that the body of an answer may have. It is kept in memory as a whole.
    init(_ endpoint: HTTPEndpoint, connections: Int, bodyLimit: Int = HTTPClient.bodyLimit) {
        slots = (0..<max(1, connections)).map { _ in HTTPConnection(endpoint, bodyLimit: bodyLimit) }
        waiting = FreeList(count: max(1, connections))
    }

    /// A client of a server without TLS on this machine.
    package convenience init(port: Int, connections: Int, bodyLimit: Int = HTTPClient.bodyLimit) {
        self.init(HTTPEndpoint(port: port), connections: connections, bodyLimit: bodyLimit)
    }

    /// Sends a request on the next free connection and waits for the answer.
    /// - Throws: ``Failure``.
    package func send(_ request: Request, timeout: Duration = .seconds(90)) async throws -> Answer {
        let slot = await waiting.take()
        defer { waiting.give(slot) }
        return try await slots[slot].send(request, timeout: timeout)
    }

    /// Closes all connections.
    package func close() async {
        for slot in slots { await slot.close() }
    }
}

/// Hands out the numbers of free connections, first come, first served.
private final class FreeList: Sendable {
    private struct State {
        var free: [Int]
        var waiters: [CheckedContinuation<Int, Never>] = []
        var head = 0
    }
    private let state: Locked<State>

    init(count: Int) { state = Locked(State(free: Array((0..<count).reversed()))) }

    func take() async -> Int {
        await withCheckedContinuation { continuation in
            let slot = state.withLock { state -> Int? in
                if let slot = state.free.popLast() { return slot }
                state.waiters.append(continuation)
                return nil
            }
            if let slot { continuation.resume(returning: slot) }
        }
    }

    func give(_ slot: Int) {
        let waiter = state.withLock { state -> CheckedContinuation<Int, Never>? in
            guard state.head < state.waiters.count else {
                state.waiters.removeAll(keepingCapacity: true)
                state.head = 0
                state.free.append(slot)
                return nil
            }
            defer { state.head += 1 }
            return state.waiters[state.head]
        }
        waiter?.resume(returning: slot)
    }
}
