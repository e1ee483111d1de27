import AMQP
import Contracts
import Foundation

/// Posts messages to a web server, one after another.
final class Forwarder: Sendable {
    private let client: HTTPClient
    private let path: String
    private let mode: CloudEventsMode
    private let tries: Int
    private let timeout: Duration

    /// - Throws: ``UsageFailure`` when the target is no http or https URL.
    init(target: String, mode: CloudEventsMode, tries: Int, timeout: Duration) throws {
        guard let url = URLComponents(string: target), let endpoint = HTTPEndpoint(url) else {
            throw UsageFailure("--forward-to must be an http or https URL, such as http://localhost:3000/events")
        }
        client = HTTPClient(endpoint, connections: 1)
        path = (url.percentEncodedPath.isEmpty ? "/" : url.percentEncodedPath) + (url.percentEncodedQuery.map { "?" + $0 } ?? "")
        self.mode = mode
        self.tries = tries
        self.timeout = timeout
    }

    func close() async { await client.close() }

    /// Posts a message until the server takes it, refuses it for good, or the tries are used up.
    func forward(_ delivery: Delivery) async throws {
        guard let envelope = try? Envelope(decoding: delivery.body) else {
            return Console.shared.warn(
                "left out a message of \(delivery.exchange) with the key \(delivery.routingKey): it is no CloudEvent")
        }
        let request = CloudEventsRequest.make(envelope, body: delivery.body, path: path, mode: mode)
        var pause = 0.2
        for attempt in 1... {
            let (answer, isFinal) = await post(request)
            Console.shared.output("\(answer)  \(envelope.type)  \(envelope.id.lowercased)")
            if isFinal { return }
            guard tries == 0 || attempt < tries else {
                return Console.shared.warn("left out \(envelope.id.lowercased) after \(attempt) tries")
            }
            try await Task.sleep(for: .seconds(pause * Double.random(in: 0.8...1.2)))
            pause = min(pause * 2, 30)
        }
    }

    private func post(_ request: HTTPClient.Request) async -> (answer: String, isFinal: Bool) {
        do {
            let answer = try await client.send(request, timeout: timeout)
            return ("\(answer.status)", !([408, 425, 429].contains(answer.status) || answer.status >= 500))
        } catch {
            if case HTTPClient.Failure.tooLarge = error { Console.shared.warn("\(error)") }
            return ("---", false)
        }
    }
}

/// A message as an HTTP request.
enum CloudEventsRequest {
    static func make(_ envelope: Envelope, body: [UInt8], path: String, mode: CloudEventsMode) -> HTTPClient.Request {
        switch mode {
        case .structured:
            HTTPClient.Request(method: .POST, path: path, headers: [("content-type", WellKnown.contentType)], body: body)
        case .binary:
            HTTPClient.Request(
                method: .POST, path: path,
                headers: [("content-type", "application/json")] + attributes(envelope).map { ("ce-" + $0, escaped($1)) },
                body: envelope.data.isEmpty ? Array("null".utf8) : envelope.data)
        }
    }

    static func attributes(_ envelope: Envelope) -> [(String, String)] {
        var attributes = [
            ("specversion", "1.0"), ("id", envelope.id.lowercased), ("source", envelope.source), ("type", envelope.type),
            ("time", envelope.time.ISO8601Format(.iso8601WithTimeZone(includingFractionalSeconds: true))),
        ]
        let optional = [
            ("subject", envelope.subject), ("dataschema", envelope.dataschema), ("correlationid", envelope.correlationID?.lowercased),
            ("causationid", envelope.causationID?.lowercased), ("partitionkey", envelope.partitionKey),
            ("sequence", envelope.sequence.map { "\($0)" }), ("traceparent", envelope.traceparent),
        ]
        for case (let name, let value?) in optional { attributes.append((name, value)) }
        return attributes + envelope.extensions.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// Bytes that a header must not hold are percent-encoded (CloudEvents HTTP binding 1.0, section 3.1.3.2).
    static func escaped(_ value: String) -> String {
        var text = ""
        for byte in value.utf8 {
            if byte > 0x20, byte < 0x7F, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "%") {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                text += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return text
    }
}
