import Contracts

extension ManagementAPI {
    func json(_ host: VirtualHost) -> JSONValue {
        var ready = 0
        var unacknowledged = 0
        for queue in host.queues.values {
            ready += queue.messageCount
            unacknowledged += queue.unacknowledgedCount
        }
        let own: JSONValue = [
            "name": .string(host.name), "description": "", "tags": [], "metadata": ["description": "", "tags": []],
            "default_queue_type": "undefined",
            "tracing": false, "cluster_state": [nodeName: "running"],
        ]
        return own.merging(queueTotals(ready: ready, unacknowledged: unacknowledged))
    }

    func putHost(_ request: ManagementRequest) throws -> ManagementOutcome {
        let name = request["vhost"]
        guard name.utf8.count <= 255 else { throw ManagementFailure.badRequest("a virtual host's name has at most 255 bytes") }
        _ = try request.object()
        let isNew = core.hosts[name] == nil
        try core.createHost(name)
        // As in RabbitMQ, who makes a virtual host may use it.
        if isNew {
            try access.put(PermissionDefinition(user: request.user.name, host: name, configure: ".*", write: ".*", read: ".*"))
        }
        return whenDurable(.put(isNew: isNew))
    }

    func deleteHost(_ request: ManagementRequest) throws -> ManagementOutcome {
        let name = request["vhost"]
        guard core.hosts[name] != nil else { throw ManagementFailure.notFound }
        // First, so that nobody opens it again in between.
        try access.removePermissions(host: name)
        for connection in broker.connections where connection.virtualHost == name {
            broker.close(connection.id, reason: "vhost '\(name)' is deleted")
        }
        try core.deleteHost(name)
        return whenDurable(.noContent)
    }
}
