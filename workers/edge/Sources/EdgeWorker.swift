import Millrace
import Topics

@main
struct EdgeWorker: WorkerProgram {
    static let name = "edge"

    static func configure(_ worker: inout Worker) throws {
        let retention = try CommandRetention.age(worker.settings)
        let waiters = CommandWaiters<CommandOutcome>()
        worker.project(OrderView.self)
        worker.project(ProductView.self)
        worker.project(PaymentView.self)
        let news = OutcomeNews(waiters: waiters)
        CommandTracking(news: news).register(on: &worker)
        worker.routes { router, services in
            services.health.onDrain { waiters.close() }
            let commands = CommandSender(messaging: services.messaging, news: news, logger: services.logger)
            let prices = PriceList(db: services.db)
            OrderRoutes(db: services.db, commands: commands, prices: prices).add(to: router)
            ProductRoutes(db: services.db, commands: commands).add(to: router)
            PaymentRoutes(db: services.db).add(to: router)
            CommandRoutes(db: services.db).add(to: router)
        }
        worker.service { news.service($0) }
        worker.service { CommandRetention(db: $0.db, logger: $0.logger, age: retention) }
        worker.audit(EdgeAudit.counts)
    }
}
