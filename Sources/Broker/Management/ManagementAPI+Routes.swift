/// The table of contents of the API.
extension ManagementAPI {
    static var routes: [ManagementRoute] {
        metricsRoutes + overviewRoutes + healthRoutes + hostRoutes + userRoutes + permissionRoutes + connectionRoutes + exchangeRoutes
            + queueRoutes + bindingRoutes + definitionRoutes + emptyRoutes
    }

    private static var metricsRoutes: [ManagementRoute] {
        [
            // Without names of clients or queues, so that a scraper needs no password.
            .init(.GET, "metrics", for: .everyone) { api, _ in .now(.text(api.metrics(), type: MetricsText.contentType)) },
            .init(.GET, "metrics/per-object", for: .monitoring) { api, _ in
                .now(.text(api.metricsPerObject(), type: MetricsText.contentType))
            },
        ]
    }

    private static var overviewRoutes: [ManagementRoute] {
        [
            .init(.GET, "api/overview") { try $0.overview($1) },
            .init(.GET, "api/whoami") { _, request in
                .json(["name": .string(request.user.name), "tags": .array(request.user.tags.map { .string($0) })])
            },
            .init(.GET, "api/cluster-name") { api, _ in .json(["name": .string(api.nodeName)]) },
            .init(.GET, "api/nodes", for: .monitoring) { api, request in
                try Listing(request).reply([api.node], name: { _ in api.nodeName }) { $0 }
            },
            .init(.GET, "api/nodes/:node", for: .monitoring) { try Listing($1).reply($0.node($1)) },
            .init(.GET, "api/nodes/:node/memory", for: .monitoring) { api, request in
                _ = try api.node(request)
                return .json([
                    "memory": ["total": ["rss": .int(ProcessFigures.residentBytes), "allocated": .int(ProcessFigures.residentBytes)]]
                ])
            },
            .init(.GET, "api/top/:node", for: .monitoring) { api, request in
                _ = try api.node(request)
                return .json(["node": .string(api.nodeName), "row_count": 20, "processes": []])
            },
            .init(.GET, "api/extensions") { _, _ in .json([]) },
            .init(.GET, "api/feature-flags", for: .monitoring) { _, _ in .json([]) },
            .init(.GET, "api/auth") { _, _ in .json(["oauth_enabled": false]) },
        ]
    }

    private static var healthRoutes: [ManagementRoute] {
        [
            .init(.GET, "api/aliveness-test/:vhost") { try $0.alivenessTest($1) },
            .init(.GET, "api/healthchecks/node", for: .monitoring) { api, _ in api.healthCheck() },
            .init(.GET, "api/healthchecks/node/:node", for: .monitoring) { api, request in
                _ = try api.node(request)
                return api.healthCheck()
            },
            .init(.GET, "api/health/checks/alarms") { api, _ in api.alarmCheck() },
            .init(.GET, "api/health/checks/local-alarms") { api, _ in api.alarmCheck() },
            .init(.GET, "api/health/checks/virtual-hosts") { _, _ in .json(["status": "ok"]) },
            .init(.GET, "api/health/checks/port-listener/:port") { try $0.portCheck($1) },
            .init(.GET, "api/health/checks/protocol-listener/:protocol") { try $0.protocolCheck($1) },
            .init(.GET, "api/health/checks/node-is-mirror-sync-critical") { _, _ in .json(["status": "ok"]) },
            .init(.GET, "api/health/checks/node-is-quorum-critical") { _, _ in .json(["status": "ok"]) },
        ]
    }

    private static var hostRoutes: [ManagementRoute] {
        [
            .init(.GET, "api/vhosts") { api, request in
                try Listing(request).reply(api.hosts(request.user, .outside), name: \.name, build: api.json)
            },
            .init(.GET, "api/vhosts/:vhost") { api, request in try Listing(request).reply(api.json(try api.host(request, .outside))) },
            .init(.PUT, "api/vhosts/:vhost", for: .administrator) { try $0.putHost($1) },
            .init(.DELETE, "api/vhosts/:vhost", for: .administrator) { try $0.deleteHost($1) },
            .init(.GET, "api/vhosts/:vhost/permissions", for: .administrator) { try $0.hostPermissions($1) },
            .init(.GET, "api/vhosts/:vhost/topic-permissions", for: .administrator) { _, _ in .json([]) },
            .init(.GET, "api/vhosts/:vhost/connections") { try $0.hostConnections($1) },
            .init(.GET, "api/vhosts/:vhost/channels") { try $0.hostChannels($1) },
        ]
    }

    private static var userRoutes: [ManagementRoute] {
        [
            .init(.GET, "api/users", for: .administrator) { api, request in
                try Listing(request).reply(api.access.allUsers, name: \.name, build: api.json)
            },
            .init(.GET, "api/users/without-permissions", for: .administrator) { try $0.usersWithoutPermissions($1) },
            .init(.POST, "api/users/bulk-delete", for: .administrator) { try $0.deleteUsers($1) },
            .init(.GET, "api/users/:user", for: .administrator) { try $0.user($1) },
            .init(.PUT, "api/users/:user", for: .administrator) { try $0.putUser($1) },
            .init(.DELETE, "api/users/:user", for: .administrator) { try $0.deleteUser($1) },
            .init(.GET, "api/users/:user/permissions", for: .administrator) { try $0.userPermissions($1) },
            .init(.GET, "api/users/:user/topic-permissions", for: .administrator) { _, _ in .json([]) },
        ]
    }

    private static var permissionRoutes: [ManagementRoute] {
        [
            .init(.GET, "api/permissions", for: .administrator) { api, request in
                try Listing(request).reply(api.access.allPermissions, name: \.user, build: api.json)
            },
            .init(.GET, "api/permissions/:vhost/:user", for: .administrator) { try $0.permission($1) },
            .init(.PUT, "api/permissions/:vhost/:user", for: .administrator) { try $0.putPermission($1) },
            .init(.DELETE, "api/permissions/:vhost/:user", for: .administrator) { try $0.deletePermission($1) },
        ]
    }

    private static var connectionRoutes: [ManagementRoute] {
        [
            .init(.GET, "api/connections") { try $0.connections($1) },
            .init(.GET, "api/connections/username/:user") { try $0.connections($1, of: $1["user"]) },
            .init(.GET, "api/connections/:connection") { try $0.connection($1) },
            .init(.DELETE, "api/connections/:connection") { try $0.closeConnection($1) },
            .init(.GET, "api/connections/:connection/channels") { try $0.connectionChannels($1) },
            .init(.GET, "api/channels") { try $0.channels($1) },
            .init(.GET, "api/channels/:channel") { try $0.channel($1) },
            .init(.GET, "api/consumers") { try $0.consumers($1, in: $0.hosts($1.user, .outside)) },
            .init(.GET, "api/consumers/:vhost") { try $0.consumers($1, in: [$0.host($1, .outside)]) },
        ]
    }

    private static var exchangeRoutes: [ManagementRoute] {
        [
            .init(.GET, "api/exchanges") { try $0.exchanges($1, in: $0.hosts($1.user)) },
            .init(.GET, "api/exchanges/:vhost") { try $0.exchanges($1, in: [$0.host($1)]) },
            .init(.GET, "api/exchanges/:vhost/:exchange") { api, request in try Listing(request).reply(api.json(api.exchange(request))) },
            .init(.PUT, "api/exchanges/:vhost/:exchange") { try $0.putExchange($1) },
            .init(.DELETE, "api/exchanges/:vhost/:exchange") { try $0.deleteExchange($1) },
            .init(.POST, "api/exchanges/:vhost/:exchange/publish") { try $0.publish($1) },
            .init(.GET, "api/exchanges/:vhost/:exchange/bindings/source") { api, request in
                let exchange = try api.exchange(request)
                return try api.bindings(request, in: [exchange.host]) { $0.source == exchange.name }
            },
            .init(.GET, "api/exchanges/:vhost/:exchange/bindings/destination") { api, request in
                let exchange = try api.exchange(request)
                return try api.bindings(request, in: [exchange.host]) { $0.destinationIsExchange && $0.destination == exchange.name }
            },
        ]
    }

    private static var queueRoutes: [ManagementRoute] {
        [
            .init(.GET, "api/queues") { try $0.queues($1, in: $0.hosts($1.user)) },
            .init(.GET, "api/queues/:vhost") { try $0.queues($1, in: [$0.host($1)]) },
            .init(.GET, "api/queues/:vhost/:queue") { try $0.queue($1) },
            .init(.PUT, "api/queues/:vhost/:queue") { try $0.putQueue($1) },
            .init(.DELETE, "api/queues/:vhost/:queue") { try $0.deleteQueue($1) },
            .init(.DELETE, "api/queues/:vhost/:queue/contents") { try $0.purgeQueue($1) },
            .init(.POST, "api/queues/:vhost/:queue/get") { try $0.getMessages($1) },
            .init(.POST, "api/queues/:vhost/:queue/actions") { api, request in
                _ = try api.openHost(request).queue(request["queue"], requester: Self.requester)
                return .now(.noContent)
            },
            .init(.GET, "api/queues/:vhost/:queue/bindings") { api, request in
                let queue = try api.existingQueue(request, in: api.host(request))
                return try api.bindings(request, in: [queue.host]) { !$0.destinationIsExchange && $0.destination == queue.name }
            },
        ]
    }

    private static var bindingRoutes: [ManagementRoute] {
        [
            .init(.GET, "api/bindings") { try $0.bindings($1, in: $0.hosts($1.user)) { _ in true } },
            .init(.GET, "api/bindings/:vhost") { try $0.bindings($1, in: [$0.host($1)]) { _ in true } },
            .init(.GET, "api/bindings/:vhost/e/:source/:kind/:destination") { try $0.bindingsBetween($1) },
            .init(.POST, "api/bindings/:vhost/e/:source/:kind/:destination") { try $0.bind($1) },
            .init(.GET, "api/bindings/:vhost/e/:source/:kind/:destination/:key") { try $0.binding($1) },
            .init(.DELETE, "api/bindings/:vhost/e/:source/:kind/:destination/:key") { try $0.unbind($1) },
        ]
    }

    private static var definitionRoutes: [ManagementRoute] {
        [
            .init(.GET, "api/definitions", for: .administrator) { api, _ in .json(api.definitions()) },
            .init(.POST, "api/definitions", for: .administrator) { try $0.importDefinitions($1, into: nil) },
            .init(.GET, "api/definitions/:vhost", for: .administrator) { api, request in .json(api.definitions(of: try api.host(request)))
            },
            .init(.POST, "api/definitions/:vhost", for: .administrator) { try $0.importDefinitions($1, into: $0.host($1)) },
        ]
    }

    /// What RabbitMQ has and this broker does not, so that tools which list everything find nothing instead of an error.
    private static var emptyRoutes: [ManagementRoute] {
        let paths = [
            "parameters", "parameters/:component", "parameters/:component/:vhost", "policies", "policies/:vhost", "operator-policies",
            "operator-policies/:vhost", "global-parameters", "vhost-limits", "vhost-limits/:vhost", "user-limits", "user-limits/:user",
            "topic-permissions",
        ]
        return paths.map { path in .init(.GET, "api/" + path) { _, _ in .json([]) } }
    }
}
