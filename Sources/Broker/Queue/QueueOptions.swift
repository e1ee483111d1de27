/// A queue's arguments, read once. They were validated before.
struct QueueOptions {
    enum Overflow {
        case dropHead
        case rejectPublish
        /// Refused, and given to the dead-letter exchange.
        case rejectPublishDeadLetter
    }

    var type: QueueType = .classic
    /// Milliseconds without use after which the queue is deleted.
    var expires: Int64?
    /// Milliseconds.
    var messageTTL: Int64?
    var deadLetterExchange: String?
    var deadLetterRoutingKey: String?
    /// `Int.max` for no limit.
    var maxLength = Int.max
    var maxBytes = Int.max
    var overflow = Overflow.dropHead
    var maxPriority: UInt8 = 0
    var singleActiveConsumer = false
    /// Failed deliveries after which a message is given up; nil for no limit.
    var deliveryLimit: UInt32?

    init() {}

    init(_ arguments: FieldTable) {
        type = arguments["x-queue-type"]?.text.flatMap(QueueType.init) ?? .classic
        expires = arguments["x-expires"]?.integer
        messageTTL = arguments["x-message-ttl"]?.integer
        deadLetterExchange = arguments["x-dead-letter-exchange"]?.text
        deadLetterRoutingKey = arguments["x-dead-letter-routing-key"]?.text
        maxLength = arguments["x-max-length"]?.integer.flatMap { Int(exactly: $0) } ?? .max
        maxBytes = arguments["x-max-length-bytes"]?.integer.flatMap { Int(exactly: $0) } ?? .max
        maxPriority = UInt8(clamping: arguments["x-max-priority"]?.integer ?? 0)
        singleActiveConsumer = arguments["x-single-active-consumer"] == .bool(true)
        if type == .quorum { deliveryLimit = arguments["x-delivery-limit"]?.integer.map { UInt32(clamping: $0) } }
        overflow = Self.overflow(arguments["x-overflow"]?.text, type)
    }

    private static func overflow(_ text: String?, _ type: QueueType) -> Overflow {
        switch text {
        case "reject-publish": .rejectPublish
        // Quorum queues do not have it; RabbitMQ falls back too.
        case "reject-publish-dlx": type == .classic ? .rejectPublishDeadLetter : .dropHead
        default: .dropHead
        }
    }

    var isLimited: Bool { maxLength != .max || maxBytes != .max }
}
