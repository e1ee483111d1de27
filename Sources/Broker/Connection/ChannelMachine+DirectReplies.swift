import NIOCore

/// Direct replies: a client consumes from the pseudo-queue `amq.rabbitmq.reply-to`, and answers to its requests come straight
/// to its channel, through no queue.
extension ChannelMachine {
    /// What the address of a consumer of direct replies begins with; its token follows.
    static let replyPrefix = PropertyScan.directReplyTo + "."

    /// The properties of a request, with the address of this channel's reply consumer in place of the pseudo-queue.
    func beginWithDirectReply(_ bytes: UnsafeRawBufferPointer) throws(ProtocolFault) {
        guard let replyConsumer else {
            throw ProtocolFault(.preconditionFailed, "fast reply consumer does not exist")
        }
        var reader = WireReader(bytes)
        var properties = try BasicProperties(from: &reader)
        properties.replyTo = Self.replyPrefix + replyConsumer.token
        publication.bytes = properties.encoded()
        publication.propertyCount = publication.bytes.readableBytes
    }

    func consumeReplies(_ request: BasicConsume) throws(ProtocolFault) {
        guard request.noAck else { throw ProtocolFault(.preconditionFailed, "reply consumer cannot acknowledge") }
        guard replyConsumer == nil else { throw ProtocolFault(.preconditionFailed, "reply consumer already set") }
        let tag = request.consumerTag.isEmpty ? Token.make(prefix: "amq.ctag-") : request.consumerTag
        let token = Token.make(prefix: "")
        replyConsumer = (tag, token)
        broker.replyConsumers[token] = self
        if !request.noWait { send(BasicConsumeOK(consumerTag: tag)) }
    }

    static func isReplyAddress(_ routingKey: String) -> Bool { routingKey.utf8.starts(with: replyPrefix.utf8) }

    /// Delivers a reply to whoever asked, if there is still somebody.
    func deliverDirectReply(_ message: Message) {
        let token = String(message.routingKey.dropFirst(Self.replyPrefix.count))
        if let channel = broker.replyConsumers[token], channel.virtualHost === virtualHost { channel.takeReply(message) }
    }

    /// Replies wait in no queue. A client that takes none while others answer it would make the broker hold all of them, so beyond
    /// a limit they are dropped, as they are when it is gone.
    private func takeReply(_ message: Message) {
        guard let replyConsumer, !connection.hasTooManyReplies else { return }
        writeDelivery(message, consumerTag: replyConsumer.tag, redelivered: false)
    }
}

/// Names that cannot be guessed, for consumers that name none themselves.
enum Token {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// 132 random bits behind a prefix.
    static func make(prefix: String) -> String {
        var generator = SystemRandomNumberGenerator()
        let letters = (0..<22).map { _ in alphabet[Int(generator.next() & 63)] }
        return prefix + String(decoding: letters, as: UTF8.self)
    }
}
