import Contracts

extension ManagementAPI {
    func json(_ permission: PermissionDefinition) -> JSONValue {
        [
            "user": .string(permission.user), "vhost": .string(permission.host), "configure": .string(permission.configure),
            "write": .string(permission.write), "read": .string(permission.read),
        ]
    }

    func hostPermissions(_ request: ManagementRequest) throws -> ManagementOutcome {
        let host = try host(request)
        return try Listing(request).reply(access.allPermissions.filter { $0.host == host.name }, name: \.user, build: json)
    }

    func userPermissions(_ request: ManagementRequest) throws -> ManagementOutcome {
        guard access.user(request["user"]) != nil else { throw ManagementFailure.notFound }
        return try Listing(request).reply(access.allPermissions.filter { $0.user == request["user"] }, name: \.host, build: json)
    }

    func permission(_ request: ManagementRequest) throws -> ManagementOutcome {
        guard let permission = access.permission(user: request["user"], host: request["vhost"]) else { throw ManagementFailure.notFound }
        return try Listing(request).reply(json(permission))
    }

    func putPermission(_ request: ManagementRequest) throws -> ManagementOutcome {
        guard core.hosts[request["vhost"]] != nil else { throw ManagementFailure.badRequest("vhost '\(request["vhost"])' does not exist") }
        guard access.user(request["user"]) != nil else { throw ManagementFailure.badRequest("user '\(request["user"])' does not exist") }
        let permission = try Self.permission(try request.object(), user: request["user"], host: request["vhost"])
        let isNew = access.permission(user: permission.user, host: permission.host) == nil
        try access.put(permission)
        return whenDurable(.put(isNew: isNew))
    }

    static func permission(_ body: JSONObject, user: String, host: String) throws -> PermissionDefinition {
        func pattern(_ name: String) throws -> String {
            guard let text = body[name]?.stringValue else { throw ManagementFailure.badRequest("\(name) must be a regular expression") }
            return text
        }
        return PermissionDefinition(
            user: user, host: host, configure: try pattern("configure"), write: try pattern("write"), read: try pattern("read"))
    }

    func deletePermission(_ request: ManagementRequest) throws -> ManagementOutcome {
        try access.removePermission(user: request["user"], host: request["vhost"])
        return whenDurable(.noContent)
    }
}
