extension BrokerLoop {
    /// Bytes that connections have received and sent, without the rest of what a summary gathers.
    var traffic: [(id: ConnectionID, received: UInt64, sent: UInt64)] {
        machines.values.map { ($0.id, $0.receivedBytes, $0.sentBytes) }
    }
}
