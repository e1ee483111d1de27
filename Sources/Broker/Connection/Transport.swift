package import NIOCore

/// What carries a connection's bytes: a socket, or a test.
///
/// When too much of what was sent has not been taken by the peer, and when it has been, it calls
/// `ConnectionMachine.writabilityChanged`.
package protocol Transport: AnyObject {
    /// Sends the bytes at once. The buffer's storage is free again when they are gone.
    func send(_ buffer: ByteBuffer)
    /// Sends the last bytes, then tells the peer that no more come; what the peer still sends is read and dropped.
    func finish(_ buffer: ByteBuffer)
    /// Ends the connection without a word.
    func close()
    /// Bytes that were sent and that the peer's side has not taken yet.
    var pendingBytes: Int { get }
    /// Stops or goes on reading; what the peer sends meanwhile stays in the sockets.
    func setReading(_ reading: Bool)
}

/// The two ends of a connection.
package struct ConnectionPeer: Sendable {
    package var peerHost: String
    package var peerPort: Int
    package var host: String
    package var port: Int
    package var usesTLS: Bool
    /// Whether the peer is on this machine.
    package var isLoopback: Bool

    package init(
        peerHost: String, peerPort: Int, host: String, port: Int, usesTLS: Bool = false, isLoopback: Bool
    ) {
        self.peerHost = peerHost
        self.peerPort = peerPort
        self.host = host
        self.port = port
        self.usesTLS = usesTLS
        self.isLoopback = isLoopback
    }

    /// As RabbitMQ writes it.
    package var name: String { "\(peerHost):\(peerPort) -> \(host):\(port)" }
}
