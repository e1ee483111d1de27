#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension Envelope {
    /// The envelope as CloudEvents JSON. ``data`` is copied in as it is.
    ///
    /// Extensions with a name that is not allowed (``isExtensionName(_:)``) are left out, because no reader could
    /// take them; the initializer that takes a message refuses them.
    public func encoded() -> [UInt8] {
        var writer = JSONByteWriter(capacity: data.count + 512)
        writer.append("{\"specversion\":\"1.0\",\"id\":\"")
        writer.append(id)
        writer.append("\",\"source\":", quoted: source)
        writer.append(",\"type\":", quoted: type)
        writer.append(",\"subject\":", quoted: subject)
        writer.append(",\"time\":\"")
        writer.append(time: time)
        writer.append("\",\"datacontenttype\":\"application/json\"")
        writer.append(",\"dataschema\":", quoted: dataschema)
        writer.append(",\"correlationid\":\"", id: correlationID)
        writer.append(",\"causationid\":\"", id: causationID)
        writer.append(",\"partitionkey\":", quoted: partitionKey)
        writer.append(",\"traceparent\":", quoted: traceparent)
        if let sequence {
            writer.append(",\"sequence\":\"")
            writer.append(sequence)
            writer.append("\"")
        }
        if !extensions.isEmpty {
            for (name, value) in extensions.sorted(by: { $0.key < $1.key }) where Self.isExtensionName(name) {
                writer.append(",\"")
                writer.append(raw: name)
                writer.append("\":")
                writer.append(quoted: value)
            }
        }
        if !data.isEmpty {
            writer.append(",\"data\":")
            writer.append(data)
        }
        writer.append("}")
        return writer.bytes
    }

    /// Gives encoded bytes their sequence number without reading them: `,"sequence":"N"` is put before the last
    /// brace. Bytes that have no brace, or already a sequence, must not be passed; without a brace they come back
    /// unchanged.
    public static func appending(sequence: Int64, to encoded: [UInt8]) -> [UInt8] {
        guard let end = encoded.lastIndex(of: UInt8(ascii: "}")) else { return encoded }
        var writer = JSONByteWriter(capacity: encoded.count + 40)
        writer.append(encoded[..<end])
        writer.append(",\"sequence\":\"")
        writer.append(sequence)
        writer.append("\"")
        writer.append(encoded[end...])
        return writer.bytes
    }
}
