import AMQP
import Contracts
import Foundation
import Journal
import Messaging

/// How `tail` prints.
enum TailOutput {
    /// A line for people.
    case table
    /// The envelope on a line, for programs.
    case ndjson
    /// The envelope over many lines.
    case json
    case format(TailFormat)
}

/// Prints events one by one.
struct EventPrinter: Sendable {
    var output: TailOutput
    var filter: FilterExpression?
    /// The exchanges that are read, to leave out their name when there is only one.
    var showsTopic: Bool

    /// Prints a delivery.
    /// - Returns: false when the filter leaves it out.
    func print(_ delivery: Delivery) -> Bool {
        do {
            return try print(topic: delivery.exchange, body: delivery.body)
        } catch {
            guard filter == nil else { return false }
            let reason = delivery.isBinaryCloudEvent ? "is a CloudEvent in binary mode, which is not read" : "is no CloudEvent: \(error)"
            Console.shared.warn("a message of \(delivery.exchange) with the key \(delivery.routingKey) \(reason)")
            return true
        }
    }

    /// Prints an entry of the journal.
    /// - Returns: false when the filter leaves it out.
    func print(_ entry: JournalEntry) -> Bool {
        do {
            return try print(topic: entry.topic, body: entry.body)
        } catch {
            guard filter == nil else { return false }
            Console.shared.warn("the entry \(entry.position) of the journal is no CloudEvent: \(error)")
            return true
        }
    }

    private func print(topic: String, body: [UInt8]) throws(ContractError) -> Bool {
        let console = Console.shared
        let envelope = try Envelope(decoding: body)
        if let filter {
            guard let event = try? JSONValue.parse(body), filter.holds(for: event) else { return false }
        }
        let event = TailedEvent(topic: topic, envelope: envelope, body: body)
        switch output {
        case .table: console.output(line(event))
        case .ndjson: console.output(event.text(of: .envelope))
        case .json: console.output((try? JSONValue.parse(body))?.prettyPrinted() ?? event.text(of: .envelope))
        case .format(let format): console.output(format.text(for: event))
        }
        return true
    }

    private func line(_ event: TailedEvent) -> String {
        let console = Console.shared
        let envelope = event.envelope
        let clock = envelope.time.formatted(.iso8601.time(includingFractionalSeconds: true))
        var parts = [console.output(clock, .dim)]
        if showsTopic { parts.append(console.output(event.topic, .dim)) }
        parts.append(console.output(envelope.type, .bold, colour(of: envelope.type)))
        if let key = envelope.partitionKey { parts.append(console.output(key, .cyan)) }
        if let sequence = envelope.sequence { parts.append(console.output("#\(sequence)", .dim)) }
        parts.append(event.text(of: .data))
        return parts.joined(separator: " ")
    }

    /// The same colour for a type every time; red says that something did not work.
    private func colour(of type: String) -> Console.Style {
        let last = type.split(separator: ".").last.map(String.init) ?? type
        if ["rejected", "declined", "refused", "failed"].contains(last) { return .red }
        let palette: [Console.Style] = [.green, .yellow, .blue, .magenta]
        return palette[type.utf8.reduce(0) { ($0 &* 31 &+ Int($1)) & 0xFFFF } % palette.count]
    }
}
