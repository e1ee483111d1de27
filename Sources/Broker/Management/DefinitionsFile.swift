import Contracts

/// A definitions file, read and checked.
struct DefinitionsFile {
    private(set) var hosts: [String] = []
    private(set) var users: [UserDefinition] = []
    /// Of users whose passwords stand in the file in clear text.
    private(set) var passwords: [String: String] = [:]
    private(set) var permissions: [PermissionDefinition] = []
    private(set) var queues: [(host: String, QueueDeclaration)] = []
    private(set) var exchanges: [(host: String, ExchangeDefinition)] = []
    private(set) var bindings: [(host: String, BindingDefinition)] = []
    /// What is left out: parts that this broker does not have and that are not empty, and what cannot be made anew.
    private(set) var ignored: [String] = []

    /// Adds a kind of thing to what is left out, once.
    mutating func ignore(_ what: String) {
        if !ignored.contains(what) { ignored.append(what) }
    }

    /// - Parameter host: takes all queues, exchanges and bindings; nil where each names its own.
    /// - Throws: 400 with the place of what cannot be read.
    init(_ file: JSONObject, into host: String?, limits: BrokerLimits) throws {
        if host == nil {
            for entry in try Self.list("vhosts", of: file) {
                hosts.append(try Self.text("name", of: entry, in: "vhosts"))
                if Self.hasContents(entry["limits"]) { ignore("limits of vhosts") }
            }
            try readUsers(file)
            for entry in try Self.list("permissions", of: file) {
                let permission = try ManagementAPI.permission(
                    entry, user: Self.text("user", of: entry, in: "permissions"), host: Self.text("vhost", of: entry, in: "permissions"))
                _ = try Permission(permission, limit: limits.permissionPatternLength)
                permissions.append(permission)
            }
        }
        let depth = limits.fieldTableDepth
        for entry in try Self.list("queues", of: file) {
            let name = try Self.text("name", of: entry, in: "queues")
            queues.append((try Self.host(entry, host, "queues"), try ManagementAPI.queueDeclaration(entry, name: name, depth: depth)))
        }
        for entry in try Self.list("exchanges", of: file) {
            let name = try Self.text("name", of: entry, in: "exchanges")
            exchanges.append(
                (try Self.host(entry, host, "exchanges"), try ManagementAPI.exchangeDefinition(entry, name: name, depth: depth)))
        }
        for entry in try Self.list("bindings", of: file) {
            bindings.append((try Self.host(entry, host, "bindings"), try Self.binding(entry, depth)))
        }
        for part in ["topic_permissions", "parameters", "policies"] where !(try Self.list(part, of: file)).isEmpty { ignore(part) }
        // A name of the cluster is no setting.
        let names = ["cluster_name", "internal_cluster_id"]
        for entry in try Self.list("global_parameters", of: file) where !names.contains(entry["name"]?.stringValue ?? "") {
            ignore("global_parameters")
        }
    }

    private mutating func readUsers(_ file: JSONObject) throws {
        for entry in try Self.list("users", of: file) {
            let name = try Self.text("name", of: entry, in: "users")
            let tags = try ManagementAPI.tags(entry)
            if Self.hasContents(entry["limits"]) { ignore("limits of users") }
            if let password = entry["password"]?.stringValue {
                guard !password.isEmpty else { throw ManagementFailure.badRequest("the password of user '\(name)' is empty") }
                passwords[name] = password
                users.append(UserDefinition(name: name, passwordHash: "", tags: tags))
            } else {
                users.append(UserDefinition(name: name, passwordHash: try ManagementAPI.passwordHash(entry).text, tags: tags))
            }
        }
    }

    private static func binding(_ entry: JSONObject, _ depth: Int) throws -> BindingDefinition {
        let kind = try text("destination_type", of: entry, in: "bindings")
        guard kind == "queue" || kind == "exchange" else {
            throw ManagementFailure.badRequest("a binding's destination_type must be queue or exchange")
        }
        return try BindingDefinition(
            source: text("source", of: entry, in: "bindings"), destination: text("destination", of: entry, in: "bindings"),
            destinationIsExchange: kind == "exchange",
            routingKey: ManagementAPI.shortString(entry["routing_key"]?.stringValue ?? "", "a routing key"),
            arguments: FieldTable.read("arguments", of: entry, depth: depth))
    }

    /// - Throws: 400 when something stands in a virtual host that is neither in the file nor in the broker.
    func checkHosts(_ exists: (String) -> Bool) throws {
        let named = permissions.map(\.host) + queues.map(\.host) + exchanges.map(\.host) + bindings.map(\.host)
        if let missing = named.first(where: { !exists($0) && !hosts.contains($0) }) {
            throw ManagementFailure.badRequest("vhost '\(missing)' is neither in the file nor in the broker")
        }
    }

    /// RabbitMQ writes limits as an object, and none as an empty list.
    private static func hasContents(_ value: JSONValue?) -> Bool {
        guard let value, !value.isNull else { return false }
        return !(value.objectValue?.isEmpty ?? value.arrayValue?.isEmpty ?? false)
    }

    private static func host(_ entry: JSONObject, _ host: String?, _ part: String) throws -> String {
        try host ?? text("vhost", of: entry, in: part)
    }

    private static func text(_ name: String, of entry: JSONObject, in part: String) throws -> String {
        guard let text = entry[name]?.stringValue else { throw ManagementFailure.badRequest("an entry of \(part) has no \(name)") }
        return try ManagementAPI.shortString(text, "the \(name) of an entry of \(part)")
    }

    private static func list(_ name: String, of file: JSONObject) throws -> [JSONObject] {
        guard let value = file[name], !value.isNull else { return [] }
        guard let list = value.arrayValue else { throw ManagementFailure.badRequest("\(name) must be a list") }
        return try list.map {
            guard let object = $0.objectValue else { throw ManagementFailure.badRequest("\(name) must be a list of objects") }
            return object
        }
    }
}
