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

    /// Checks data.
    /// - Returns: the partition key that it holds, nil for none.
    /// - Throws: ``EventRefused``.
    package func check(_ data: [UInt8]) throws(EventRefused) -> String? {
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
        if let key { return key }
        return try contract?.key(of: value)
    }

    /// The same without building values, for data whose key stands in it as it is.
    /// - Returns: nil when this is not known, and ``check(_:)`` has to tell.
    func checkAtSight(_ data: UnsafeBufferPointer<UInt8>) -> EventKey? {
        guard data.count <= maximumBytes, let found = contract?.keyAtSight(data) else { return nil }
        return key == nil ? found : .given
    }
}

/// Where the partition key of a message is found.
package enum EventKey: Sendable, Equatable {
    /// It has none.
    case none
    /// The arguments name one for all messages.
    case given
    /// In the data, without any escape; places are counted from the beginning of the data.
    case place(Range<Int>)
    case text(String)
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
    /// The partition key, as the schema knows it when it looks at bytes.
    private let keyNumber: Int?

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
        keyNumber = schema.memberNumber(contract.partitionKey)
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

    /// Checks data without building values.
    /// - Returns: its key; nil when this is not known, or not this way.
    func keyAtSight(_ data: UnsafeBufferPointer<UInt8>) -> EventKey? {
        guard let keyNumber, let sight = schema.atSight(data, wanted: keyNumber) else { return nil }
        guard let place = sight.wanted else { return EventKey.none }
        let value = data[place]
        switch value.first {
        case UInt8(ascii: "\""):
            guard !value.contains(UInt8(ascii: "\\")) else { return nil }
            return .place(place.lowerBound + 1..<place.upperBound - 1)
        case let byte? where byte == UInt8(ascii: "-") || byte &- 0x30 < 10: return .place(place)
        default: return nil
        }
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
