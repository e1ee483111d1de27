import NIOCore
package import NIOHTTP1
import NIOPosix
import Locking

/// A small HTTP/1.1 client for one server on this machine: a fixed number of connections, kept alive, one request at a
/// time on each. It is made to drive the edge as fast as it goes, nothing more.
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
    package enum Failure: Error, Sendable {
        /// The request was never sent; sending it again is safe.
        case notSent(String)
        /// It was sent, or may have been; nobody knows what the server did with it.
        case unknown(String)
    }

    private let host: String
    private let port: Int
    private let slots: [Connection]
    private let waiting: FreeList

    package init(host: String = "127.0.0.1", port: Int, connections: Int) {
        self.host = host
        self.port = port
        slots = (0..<max(1, connections)).map { _ in Connection(host: host, port: port) }
        waiting = FreeList(count: max(1, connections))
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

/// One connection; opened when needed, and again after it was lost.
private final class Connection: Sendable {
    private let host: String
    private let port: Int
    private let channel = Locked<(any Channel)?>(nil)

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    func send(_ request: HTTPClient.Request, timeout: Duration) async throws -> HTTPClient.Answer {
        let (channel, isFresh) = try await open()
        do {
            return try await exchange(request, on: channel, timeout: timeout)
        } catch HTTPClient.Failure.notSent where !isFresh {
            // The server has closed an idle connection; that says nothing about the server.
            let (channel, _) = try await open()
            return try await exchange(request, on: channel, timeout: timeout)
        }
    }

    func close() async {
        let channel = channel.withLock { $0.take() }
        try? await channel?.close().get()
    }

    private func exchange(_ request: HTTPClient.Request, on channel: any Channel, timeout: Duration) async throws -> HTTPClient.Answer {
        let promise = channel.eventLoop.makePromise(of: HTTPClient.Answer.self)
        let scheduled = channel.eventLoop.scheduleTask(in: TimeAmount(timeout)) {
            promise.fail(HTTPClient.Failure.unknown("no answer in time"))
            channel.close(promise: nil)
        }
        channel.writeAndFlush(HTTPExchange(request: request, answer: promise), promise: nil)
        defer { scheduled.cancel() }
        return try await promise.futureResult.get()
    }

    private func open() async throws -> (any Channel, Bool) {
        if let channel = channel.withLock({ $0 }), channel.isActive { return (channel, false) }
        do {
            let host = "\(host):\(port)"
            let opened = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .channelOption(.socketOption(.tcp_nodelay), value: 1)
                .connectTimeout(.seconds(5))
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHTTPClientHandlers()
                        try channel.pipeline.syncOperations.addHandler(HTTPExchangeHandler(host: host))
                    }
                }
                .connect(host: self.host, port: port).get()
            channel.withLock { $0 = opened }
            return (opened, true)
        } catch {
            throw HTTPClient.Failure.notSent("\(error)")
        }
    }
}

/// A request and the promise of its answer, on their way into the channel.
private struct HTTPExchange: Sendable {
    var request: HTTPClient.Request
    var answer: EventLoopPromise<HTTPClient.Answer>
}

/// Writes requests and gathers their answers.
private final class HTTPExchangeHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias InboundOut = Never
    typealias OutboundIn = HTTPExchange
    typealias OutboundOut = HTTPClientRequestPart

    private let host: String
    private var current: EventLoopPromise<HTTPClient.Answer>?
    private var answer = HTTPClient.Answer(status: 0, headers: [:], body: [])
    private var isClosing = false

    init(host: String) { self.host = host }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let exchange = unwrapOutboundIn(data)
        guard context.channel.isActive, !isClosing, current == nil else {
            exchange.answer.fail(HTTPClient.Failure.notSent("the connection is closed"))
            return
        }
        current = exchange.answer
        var headers = HTTPHeaders([("host", host)] + exchange.request.headers)
        if !exchange.request.body.isEmpty {
            if !headers.contains(name: "content-type") { headers.add(name: "content-type", value: "application/json") }
            headers.add(name: "content-length", value: "\(exchange.request.body.count)")
        } else if exchange.request.method != .GET {
            headers.add(name: "content-length", value: "0")
        }
        let head = HTTPRequestHead(version: .http1_1, method: exchange.request.method, uri: exchange.request.path, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !exchange.request.body.isEmpty {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: exchange.request.body)))), promise: nil)
        }
        context.write(wrapOutboundOut(.end(nil)), promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            answer = .init(status: Int(head.status.code), headers: head.headers, body: [])
            isClosing = !head.isKeepAlive
        case .body(let buffer):
            answer.body.append(contentsOf: buffer.readableBytesView)
        case .end:
            let promise = current
            current = nil
            promise?.succeed(answer)
            if isClosing { context.close(promise: nil) }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail("\(error)")
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail("the connection was lost")
        context.fireChannelInactive()
    }

    private func fail(_ reason: String) {
        current?.fail(HTTPClient.Failure.unknown(reason))
        current = nil
    }
}
