import Edge
import Hummingbird
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// Serves the worker's routes and its health, with one event loop: a worker spends its time elsewhere.
struct HTTPService: Service {
    let worker: Worker
    let services: WorkerServices

    /// It lives as long as the process: a connection that is just closing, or a request that was cancelled by the drain, may still
    /// want its loop after the server has ended.
    private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    func run() async throws {
        let routes = RouteTable()
        let router = Router(context: HTTPContext.self, options: .autoGenerateHeadEndpoints)
        var pipeline = EdgePipeline(problems: ProblemMiddleware(routes: routes, translate: ErrorTranslation.problem))
        worker.pipelineBuilder?(&pipeline, services)
        pipeline.install(on: router)
        services.health.addRoutes(to: router, worker: worker.name)
        for build in worker.routeBuilders { build(router, services) }
        routes.publish(router)

        let health = services.health
        let application = Application(
            router: router,
            // A connection that says nothing for so long is closed; one that waits for its answer is not idle.
            server: .http1(
                configuration: .init(
                    additionalChannelHandlers: [UnreadAnswerHandler(patience: .seconds(30))], idleTimeout: .seconds(75))),
            configuration: .init(
                address: .hostname(worker.settings.httpHost, port: worker.settings.httpPort), backlog: 1024,
                availableConnectionsDelegate: .maximum(worker.settings.httpConnections, logger: quietLogger())),
            onServerRunning: { channel in health.listening(port: channel.localAddress?.port ?? 0) },
            eventLoopGroupProvider: .shared(Self.group), logger: quietLogger())
        try await application.run()
    }

    /// Hummingbird tells of each start and stop; the worker's own log has that already.
    private func quietLogger() -> Logger {
        var logger = services.logger
        logger.logLevel = max(logger.logLevel, .notice)
        return logger
    }
}
