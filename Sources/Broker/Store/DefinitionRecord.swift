/// One entry of the definition journal.
enum DefinitionRecord: Equatable {
    case change(DefinitionChange)
    /// Ids up to this one were given to queues, though they may be gone.
    case queueIDs(through: UInt32)

    /// Kinds of records in the file, above those of segments.
    static let putVirtualHost: UInt8 = 32
    static let removeVirtualHost: UInt8 = 33
    static let putExchange: UInt8 = 34
    static let removeExchange: UInt8 = 35
    static let putQueue: UInt8 = 36
    static let removeQueue: UInt8 = 37
    static let putBinding: UInt8 = 38
    static let removeBinding: UInt8 = 39
    static let putUser: UInt8 = 40
    static let removeUser: UInt8 = 41
    static let putPermission: UInt8 = 42
    static let removePermission: UInt8 = 43
    static let queueIDs: UInt8 = 44

    func encoded() -> (kind: UInt8, bytes: [UInt8]) {
        var writer = DefinitionWriter()
        let kind: UInt8
        switch self {
        case .queueIDs(let last):
            kind = Self.queueIDs
            writer.put(last)
        case .change(let change): kind = Self.encode(change, &writer)
        }
        return (kind, writer.bytes)
    }

    private static func encode(_ change: DefinitionChange, _ writer: inout DefinitionWriter) -> UInt8 {
        switch change {
        case .putVirtualHost(let name): return texts(putVirtualHost, &writer, name)
        case .removeVirtualHost(let name): return texts(removeVirtualHost, &writer, name)
        case .putExchange(let host, let exchange):
            writer.put(host)
            encode(exchange, &writer)
            return putExchange
        case .removeExchange(let host, let name): return texts(removeExchange, &writer, host, name)
        case .putQueue(let host, let queue):
            writer.put(host)
            encode(queue, &writer)
            return putQueue
        case .removeQueue(let host, let name): return texts(removeQueue, &writer, host, name)
        case .putBinding(let host, let binding):
            writer.put(host)
            encode(binding, &writer)
            return putBinding
        case .removeBinding(let host, let binding):
            writer.put(host)
            encode(binding, &writer)
            return removeBinding
        case .putUser(let user):
            _ = texts(putUser, &writer, user.name, user.passwordHash)
            writer.put(UInt32(user.tags.count))
            for tag in user.tags { writer.put(tag) }
            return putUser
        case .removeUser(let name): return texts(removeUser, &writer, name)
        case .putPermission(let it):
            return texts(putPermission, &writer, it.user, it.host, it.configure, it.write, it.read)
        case .removePermission(let user, let host): return texts(removePermission, &writer, user, host)
        }
    }

    private static func texts(_ kind: UInt8, _ writer: inout DefinitionWriter, _ texts: String...) -> UInt8 {
        for text in texts { writer.put(text) }
        return kind
    }

    private static func encode(_ exchange: ExchangeDefinition, _ writer: inout DefinitionWriter) {
        writer.put(exchange.name)
        writer.put(exchange.type)
        writer.put(exchange.durable)
        writer.put(exchange.autoDelete)
        writer.put(exchange.isInternal)
        writer.put(exchange.arguments)
    }

    private static func encode(_ queue: QueueDefinition, _ writer: inout DefinitionWriter) {
        writer.put(queue.id.rawValue)
        writer.put(queue.name)
        writer.put(queue.durable)
        writer.put(queue.exclusive)
        writer.put(queue.autoDelete)
        writer.put(queue.arguments)
    }

    static func encode(_ binding: BindingDefinition, _ writer: inout DefinitionWriter) {
        writer.put(binding.source)
        writer.put(binding.destination)
        writer.put(binding.destinationIsExchange)
        writer.put(binding.routingKey)
        writer.put(binding.arguments)
    }
}

extension DefinitionRecord {
    /// nil if this version does not know the kind, or the bytes make no sense.
    init?(kind: UInt8, _ bytes: UnsafeRawBufferPointer) {
        var reader = DefinitionReader(bytes)
        if kind == Self.queueIDs {
            guard let last = reader.get(UInt32.self) else { return nil }
            self = .queueIDs(through: last)
        } else {
            guard let change = Self.change(kind, &reader) else { return nil }
            self = .change(change)
        }
    }

    private static func change(_ kind: UInt8, _ reader: inout DefinitionReader) -> DefinitionChange? {
        guard let first = reader.text() else { return nil }
        switch kind {
        case putVirtualHost: return .putVirtualHost(name: first)
        case removeVirtualHost: return .removeVirtualHost(name: first)
        case putExchange: return exchange(&reader).map { .putExchange(host: first, $0) }
        case removeExchange: return reader.text().map { .removeExchange(host: first, name: $0) }
        case putQueue: return queue(&reader).map { .putQueue(host: first, $0) }
        case removeQueue: return reader.text().map { .removeQueue(host: first, name: $0) }
        case putBinding: return binding(&reader).map { .putBinding(host: first, $0) }
        case removeBinding: return binding(&reader).map { .removeBinding(host: first, $0) }
        case putUser: return user(first, &reader)
        case removeUser: return .removeUser(name: first)
        case putPermission: return permission(first, &reader)
        case removePermission: return reader.text().map { .removePermission(user: first, host: $0) }
        default: return nil
        }
    }

    private static func exchange(_ reader: inout DefinitionReader) -> ExchangeDefinition? {
        guard let name = reader.text(), let type = reader.text(), let durable = reader.flag(),
            let autoDelete = reader.flag(), let isInternal = reader.flag(), let arguments = reader.table()
        else { return nil }
        return ExchangeDefinition(
            name: name, type: type, durable: durable, autoDelete: autoDelete, isInternal: isInternal, arguments: arguments)
    }

    private static func queue(_ reader: inout DefinitionReader) -> QueueDefinition? {
        guard let id = reader.get(UInt32.self), let name = reader.text(), let durable = reader.flag(),
            let exclusive = reader.flag(), let autoDelete = reader.flag(), let arguments = reader.table()
        else { return nil }
        return QueueDefinition(
            id: QueueID(rawValue: id), name: name, durable: durable, exclusive: exclusive, autoDelete: autoDelete,
            arguments: arguments)
    }

    private static func binding(_ reader: inout DefinitionReader) -> BindingDefinition? {
        guard let source = reader.text(), let destination = reader.text(), let isExchange = reader.flag(),
            let routingKey = reader.text(), let arguments = reader.table()
        else { return nil }
        return BindingDefinition(
            source: source, destination: destination, destinationIsExchange: isExchange, routingKey: routingKey,
            arguments: arguments)
    }

    private static func user(_ name: String, _ reader: inout DefinitionReader) -> DefinitionChange? {
        guard let hash = reader.text(), let count = reader.get(UInt32.self) else { return nil }
        var tags: [String] = []
        for _ in 0..<count {
            guard let tag = reader.text() else { return nil }
            tags.append(tag)
        }
        return .putUser(UserDefinition(name: name, passwordHash: hash, tags: tags))
    }

    private static func permission(_ user: String, _ reader: inout DefinitionReader) -> DefinitionChange? {
        guard let host = reader.text(), let configure = reader.text(), let write = reader.text(), let read = reader.text()
        else { return nil }
        return .putPermission(PermissionDefinition(user: user, host: host, configure: configure, write: write, read: read))
    }
}
