package import AMQP
package import ContractFiles
import Contracts
package import Foundation

/// What the arguments of `publish` say about every message.
package struct EventDraft: Sendable {
    package var topic: String
    package var type: String
    package var source: String
    package var subject: String?
    package var key: String?
    package var correlationID: UUID?
    package var headers: [String: String]
    /// Larger data is refused.
    package var maximumBytes: Int
    /// The contract, unless the check was waived.
    package var contract: CheckedContract?

    package init(
        topic: String, type: String, source: String = "/cli", subject: String? = nil, key: String? = nil, correlationID: UUID? = nil,
        headers: [String: String] = [:], maximumBytes: Int = 1 << 20, contract: CheckedContract? = nil
    ) {
        self.topic = topic
        self.type = type
        self.source = source
        self.subject = subject
        self.key = key
        self.correlationID = correlationID
        self.headers = headers
        self.maximumBytes = maximumBytes
        self.contract = contract
    }

    /// What is sent for one value, and the id it was given.
    package struct Prepared: Sendable {
        package var id: UUID
        package var key: String?
        package var message: OutgoingMessage
    }

    /// Checks data and puts it into an envelope.
    /// - Throws: ``EventRefused``.
    package func prepare(_ data: [UInt8]) throws(EventRefused) -> Prepared {
        guard data.count <= maximumBytes else {
            throw EventRefused(
                "the data has \(data.count) bytes, more than the \(maximumBytes) allowed (--max-bytes); "
                    + "large content belongs into a store of its own, and its address into the event")
        }
        let value: JSONValue
        do {
            value = try JSONValue.parse(data)
        } catch {
            throw EventRefused("the data is not JSON: \(error)")
        }
        try contract?.check(value)
        var key = self.key
        if key == nil, let contract { key = try contract.key(of: value) }
        let id = UUID.v7()
        let envelope = Envelope(
            id: id, source: source, type: type, subject: subject ?? key, time: .now, dataschema: contract?.dataschema,
            correlationID: correlationID, partitionKey: key, data: data)
        var headers = headers.mapValues { AMQPValue.string($0) }
        // Queues that are split into partitions are split by this header.
        if let key { headers["partitionkey"] = .string(key) }
        let message = OutgoingMessage(
            exchange: topic, routingKey: type,
            properties: .init(contentType: WellKnown.contentType, headers: headers, messageID: id.lowercased, type: type),
            // A command that nobody takes is an error; an event that nobody reads is not.
            body: envelope.encoded(), mandatory: topic == WellKnown.commandsExchange)
        return Prepared(id: id, key: key, message: message)
    }
}

/// Data that must not be published, and why.
package struct EventRefused: Error, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// The schema of one version of a message, compiled.
package struct CheckedContract: Sendable {
    private let contract: MessageContract
    private let version: ContractVersion
    private let schema: JSONSchema

    /// - Parameter number: the version; nil for the newest.
    /// - Throws: ``EventRefused`` when there is no such version.
    package init(_ contract: MessageContract, version number: Int?) throws {
        if let number {
            guard let version = contract.versions.first(where: { $0.number == number }) else {
                let known = contract.versions.map { "\($0.number)" }.joined(separator: ", ")
                throw EventRefused("\(contract.type) has no version \(number); it has \(known)")
            }
            self.version = version
        } else {
            version = contract.current
        }
        self.contract = contract
        // Formats are asserted, because the types that consumers read are made of them: `uuid` becomes `UUID`.
        schema = try JSONSchema(compiling: version.schema, options: .init(assertsFormats: true))
    }

    /// As the envelope names it.
    package var dataschema: String { WellKnown.schemaIdentifier(contract.type, version: version.number) }

    /// - Throws: ``EventRefused`` that names every place that does not fit.
    func check(_ value: JSONValue) throws(EventRefused) {
        if let pointer = value.numberBeyondDouble {
            throw EventRefused("\(pointer) is a number that is too large for programs to hold; use a string")
        }
        if schema.isValid(value) { return }
        let violations = schema.validate(value)
        let lines = violations.prefix(10).map { "  \($0.pointer.isRoot ? "the whole" : $0.pointer.description) \($0.message)" }
        let more = violations.count > 10 ? ["  … and \(violations.count - 10) more"] : []
        throw EventRefused(
            (["the data does not fit \(contract.type) version \(version.number):"] + lines + more).joined(separator: "\n"))
    }

    /// The partition key that the data holds.
    func key(of value: JSONValue) throws(EventRefused) -> String? {
        switch value[contract.partitionKey] {
        case .string(let text)?: return text
        case .number(let number)?: return number.description
        case nil, .null?: return nil
        default: throw EventRefused("/\(contract.partitionKey) is the partition key and must be text or a number")
        }
    }
}

extension JSONValue {
    /// Where a number stands that no `Double` holds, as a JSON pointer; nil when there is none.
    fileprivate var numberBeyondDouble: String? {
        switch self {
        case .number(let number):
            // What has so few characters and no exponent is in range.
            guard number.text.utf8.count > 300 || number.text.utf8.contains(where: { $0 | 0x20 == UInt8(ascii: "e") }) else { return nil }
            return number.double.isFinite ? nil : ""
        case .array(let values):
            for (index, value) in values.enumerated() {
                if let rest = value.numberBeyondDouble { return "/\(index)\(rest)" }
            }
            return nil
        case .object(let object):
            for member in object {
                if let rest = member.value.numberBeyondDouble { return "/\(member.key)\(rest)" }
            }
            return nil
        default: return nil
        }
    }
}
