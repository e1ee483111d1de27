import Contracts

extension Upcasters {
    /// The event after all steps that there are for it.
    func upcast(_ event: StoredEvent, until isCurrent: (Key) -> Bool) throws(EventStoreError) -> (Key, [UInt8]) {
        let key = Key(type: event.type, version: event.schemaVersion)
        if isCurrent(key) { return (key, event.data) }
        let data = try Self.object(event)
        do throws(ContractViolation) {
            let (newKey, newData) = try upcast(data, from: key, until: isCurrent)
            return (newKey, JSONValue.object(newData).encoded())
        } catch {
            let place = "at \(event.stream) \(event.version)"
            if error.code == .missingUpcaster {
                throw EventStoreError(.missingUpcaster, "\(error.subject) \(place) \(error.message)")
            }
            throw EventStoreError(
                .upcasting, "the upcaster of \(error.subject) failed \(place)", underlying: error.underlying ?? error)
        }
    }

    private static func object(_ event: StoredEvent) throws(EventStoreError) -> JSONObject {
        do throws(JSONError) {
            if let object = try JSONValue.parse(event.data).objectValue { return object }
        } catch {
            throw EventStoreError(
                .decoding, "\(event.type) at \(event.stream) \(event.version) is not JSON", underlying: error)
        }
        throw EventStoreError(.decoding, "\(event.type) at \(event.stream) \(event.version) is not an object")
    }
}
