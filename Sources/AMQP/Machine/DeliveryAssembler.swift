/// Puts a message together from its method, header and body frames. Pure; one per channel.
package struct DeliveryAssembler {
    /// The method that announced the content.
    package enum Start: Equatable {
        case delivery(tag: UInt64, redelivered: Bool, exchange: String, routingKey: String)
        case got(tag: UInt64, redelivered: Bool, exchange: String, routingKey: String)
        case returned(code: UInt16, text: String, exchange: String, routingKey: String)
    }

    /// A whole message.
    package struct Message {
        package let start: Start
        package let properties: MessageProperties
        package let body: [UInt8]
    }

    private enum State {
        case idle
        case header(Start)
        case body(Start, MessageProperties, missing: UInt64)
    }

    private let maximumSize: Int
    private var state = State.idle
    private var buffer: [UInt8] = []

    package init(maximumSize: Int) { self.maximumSize = maximumSize }

    /// True between messages: only then may the broker send a method on the channel.
    package var isIdle: Bool { if case .idle = state { true } else { false } }

    package mutating func begin(_ start: Start) throws(AMQPError) {
        guard isIdle else { throw unexpected("a method frame inside a message") }
        state = .header(start)
    }

    package mutating func header(size: UInt64, properties: MessageProperties) throws(AMQPError) -> Message? {
        guard case .header(let start) = state else { throw unexpected("a header frame") }
        guard size <= UInt64(maximumSize) else {
            throw AMQPError(.protocol, "the broker announced a message of \(size) bytes; at most \(maximumSize) are taken")
        }
        if size == 0 {
            state = .idle
            return Message(start: start, properties: properties, body: [])
        }
        buffer = []
        // The announced size is only a claim until the bytes are there.
        buffer.reserveCapacity(Int(min(size, 1 << 20)))
        state = .body(start, properties, missing: size)
        return nil
    }

    package mutating func body(_ bytes: UnsafeRawBufferPointer) throws(AMQPError) -> Message? {
        guard case .body(let start, let properties, let missing) = state else { throw unexpected("a body frame") }
        guard UInt64(bytes.count) <= missing else { throw unexpected("more body than announced") }
        buffer.append(contentsOf: bytes)
        let left = missing - UInt64(bytes.count)
        guard left == 0 else {
            state = .body(start, properties, missing: left)
            return nil
        }
        state = .idle
        defer { buffer = [] }
        return Message(start: start, properties: properties, body: buffer)
    }

    /// Forgets a half message, when the channel is gone.
    package mutating func reset() {
        state = .idle
        buffer = []
    }

    private func unexpected(_ what: String) -> AMQPError { AMQPError(.protocol, "the broker sent \(what) out of turn") }
}
