import Contracts
import Foundation
import NIOCore
import NIOPosix

/// A client for tests that sends exactly the bytes it is told, well-formed or not, one request per connection.
struct LoopbackHTTP {
    let port: Int

    struct Answer: Sendable {
        var status: Int
        var headers: [String: String]
        var body: [UInt8]

        var json: JSONValue? { try? JSONValue.parse(body) }
        /// The pointers of a problem's errors, in order.
        var pointers: [String] {
            json?["errors"]?.arrayValue?.compactMap { $0["pointer"]?.stringValue } ?? []
        }
    }

    func send(
        _ method: String, _ path: String, _ body: String? = nil, headers: [String: String] = [:]
    ) async throws -> Answer {
        try await send(method, path, bytes: body.map { Array($0.utf8) }, headers: headers)
    }

    func send(
        _ method: String, _ path: String, bytes: [UInt8]?, headers: [String: String] = [:]
    ) async throws -> Answer {
        var all = headers
        if let bytes {
            if all["Content-Type"] == nil { all["Content-Type"] = "application/json" }
            if all["Content-Length"] == nil { all["Content-Length"] = "\(bytes.count)" }
        }
        var head = "\(method) \(path) HTTP/1.1\r\nHost: test\r\nConnection: close\r\n"
        for (name, value) in all where !value.isEmpty { head += "\(name): \(value)\r\n" }
        // Longer than any wait that a test asks for.
        return try await raw(Array((head + "\r\n").utf8) + (bytes ?? []), limit: .seconds(70))
    }

    /// Keeps one connection while `body` runs, and sends requests over it: `ask` returns whether the answer, an object of JSON, came with 200.
    func withConnection<R: Sendable>(
        _ body: (_ ask: (_ method: String, _ path: String) async throws -> Bool) async throws -> R
    ) async throws -> R {
        return try await connect().executeThenClose { inbound, outbound in
            var answers = inbound.makeAsyncIterator()
            return try await body { method, path in
                try await outbound.write(ByteBuffer(string: "\(method) \(path) HTTP/1.1\r\nHost: test\r\n\r\n"))
                var answer = ""
                while !answer.hasSuffix("}"), let part = try await answers.next() { answer += String(buffer: part) }
                return answer.hasPrefix("HTTP/1.1 200")
            }
        }
    }

    /// Sends text in two pieces over one connection, and does something between them, when the first has brought an answer that is an
    /// object of JSON.
    /// - Returns: what `body` has, and what came behind that answer, until the server closed.
    func send<R: Sendable>(
        _ first: String, then second: String, between body: () async throws -> R
    ) async throws -> (between: R, answers: String) {
        return try await connect().executeThenClose { inbound, outbound in
            var answers = inbound.makeAsyncIterator()
            try await outbound.write(ByteBuffer(string: first))
            var answer = ""
            while !answer.hasSuffix("}"), let part = try await answers.next() { answer += String(buffer: part) }
            let result = try await body()
            try await outbound.write(ByteBuffer(string: second))
            answer = ""
            while let part = try await answers.next() { answer += String(buffer: part) }
            return (result, answer)
        }
    }

    private func connect() async throws -> NIOAsyncChannel<ByteBuffer, ByteBuffer> {
        try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture { try NIOAsyncChannel(wrappingChannelSynchronously: channel) }
            }
    }

    /// Sends bytes, and nothing after them, and reads until the server closes, until `limit` at most.
    func raw(_ bytes: [UInt8], halfClose: Bool = false, limit: TimeAmount = .seconds(10)) async throws -> Answer {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(ChannelOptions.allowRemoteHalfClosure, value: true)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
                }
            }
        let end = channel.channel.eventLoop.scheduleTask(in: limit) { channel.channel.close(promise: nil) }
        defer { end.cancel() }
        var received: [UInt8] = []
        do {
            try await channel.executeThenClose { inbound, outbound in
                // A server that has seen enough may close before all is written.
                try? await outbound.write(ByteBuffer(bytes: bytes))
                if halfClose { outbound.finish() }
                for try await part in inbound { received += Array(part.readableBytesView) }
            }
        } catch  where !received.isEmpty {
            // The answer is there; how the connection ended does not matter.
        }
        return try Self.parse(received)
    }

    private static func parse(_ bytes: [UInt8]) throws -> Answer {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let end = text.range(of: "\r\n\r\n") else {
            throw WorkerUnderTest.Failure(description: "no answer, only '\(text)'")
        }
        let lines = text[..<end.lowerBound].components(separatedBy: "\r\n")
        let status = Int(lines[0].split(separator: " ").dropFirst().first ?? "") ?? 0
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : ""
        }
        return Answer(status: status, headers: headers, body: Array(text[end.upperBound...].utf8))
    }
}
