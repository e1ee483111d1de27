#if canImport(FoundationEssentials)
    package import FoundationEssentials
#else
    package import Foundation
#endif

/// Writes envelopes that differ in their id, time, key and data alone. What they share is encoded once, and the data is copied in as
/// it is; the bytes are those of ``Envelope/encoded()``.
package struct EnvelopeStamp: Sendable {
    /// The parts between the id, the key as the subject, the time, the key as the partition key, and the data.
    private let beforeID: [UInt8]
    private let beforeSubject: [UInt8]
    private let beforeTime: [UInt8]
    private let beforeKey: [UInt8]
    private let subjectIsKey: Bool

    /// - Parameter subject: nil makes the key of each message its subject.
    package init(source: String, type: String, subject: String?, dataschema: String?, correlationID: UUID?) {
        subjectIsKey = subject == nil
        beforeID = Array("{\"specversion\":\"1.0\",\"id\":\"".utf8)
        var writer = JSONByteWriter(capacity: 256)
        writer.append("\",\"source\":", quoted: source)
        writer.append(",\"type\":", quoted: type)
        writer.append(",\"subject\":", quoted: subject)
        beforeSubject = writer.bytes
        beforeTime = Array(",\"time\":\"".utf8)
        writer = JSONByteWriter(capacity: 256)
        writer.append("\",\"datacontenttype\":\"application/json\"")
        writer.append(",\"dataschema\":", quoted: dataschema)
        writer.append(",\"correlationid\":\"", id: correlationID)
        beforeKey = writer.bytes
    }

    /// The text of a key as it stands in JSON between its quotes.
    package static func escaped(_ key: String) -> [UInt8] {
        var writer = JSONByteWriter(capacity: key.utf8.count + 2)
        writer.append(quoted: key)
        return Array(writer.bytes.dropFirst().dropLast())
    }

    /// One envelope.
    /// - Parameters:
    ///   - key: the partition key as ``escaped(_:)`` makes it, or as it stood in the data without any escape; nil for none.
    ///   - data: one JSON value.
    package func envelope(
        id: UUID, time: Date, key: UnsafeBufferPointer<UInt8>?, data: UnsafeBufferPointer<UInt8>
    ) -> [UInt8] {
        let subject = ",\"subject\":\"" as StaticString
        let partition = ",\"partitionkey\":\"" as StaticString
        let prefix = ",\"data\":" as StaticString
        let ofKey =
            key.map { $0.count + partition.utf8CodeUnitCount + 1 + (subjectIsKey ? $0.count + subject.utf8CodeUnitCount + 1 : 0) } ?? 0
        let count =
            beforeID.count + 36 + beforeSubject.count + beforeTime.count + RFC3339.length + beforeKey.count + ofKey
            + (data.isEmpty ? 0 : prefix.utf8CodeUnitCount + data.count) + 1
        return [UInt8](unsafeUninitializedCapacity: count) { target, filled in
            guard var place = target.baseAddress else { return }
            func put(_ bytes: UnsafeBufferPointer<UInt8>) {
                guard let source = bytes.baseAddress, !bytes.isEmpty else { return }
                place.initialize(from: source, count: bytes.count)
                place += bytes.count
            }
            func put(_ text: StaticString) { put(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)) }
            beforeID.withUnsafeBufferPointer(put)
            id.writeLowercase(to: place)
            place += 36
            beforeSubject.withUnsafeBufferPointer(put)
            if let key, subjectIsKey {
                put(subject)
                put(key)
                put("\"")
            }
            beforeTime.withUnsafeBufferPointer(put)
            RFC3339.write(RFC3339.microseconds(of: time), to: place)
            place += RFC3339.length
            beforeKey.withUnsafeBufferPointer(put)
            if let key {
                put(partition)
                put(key)
                put("\"")
            }
            if !data.isEmpty {
                put(prefix)
                put(data)
            }
            put("}")
            filled = count
        }
    }
}
