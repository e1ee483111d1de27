import ArgumentParser
import Foundation

struct LoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load",
        abstract: "Load a CSV file of orders through the REST edge.",
        discussion: """
            The file has the columns customer, quantity and amount; the unit price names the product. Products are added and \
            their stock is set first. Exits 2 if some orders were refused or their answers lost.

            EXAMPLES
              millrace load data/cdnow-orders.csv
              millrace load data/cdnow-orders.csv --limit 500 --rate 20 -o json
            """)
    @Argument(help: "The file.") var file: String
    @OptionGroup var output: OutputOptions
    @Option(help: ArgumentHelp("The port of the edge on this machine (default: that of the running `up`, else 8080).", valueName: "n"))
    var port: Int?
    @Option(help: ArgumentHelp("Only so many orders.", valueName: "n")) var limit: Int?
    @Option(help: ArgumentHelp("Requests under way at once.", valueName: "n")) var connections = 64
    @Option(help: ArgumentHelp("Orders in a second (default: as fast as they go).", valueName: "n")) var rate: Double?
    @Option(help: ArgumentHelp("Seconds the edge holds an answer back for the outcome; 0 answers at once.", valueName: "s")) var wait = 20
    @Option(help: ArgumentHelp("The data folder of a running `millrace up`.", valueName: "dir")) var data: String?

    func validate() throws {
        if !(1...1024).contains(connections) { throw ValidationError("--connections must be 1 to 1024") }
        if let rate, !(rate > 0 && rate <= 1_000_000) { throw ValidationError("--rate must be more than 0") }
        if !(0...60).contains(wait) { throw ValidationError("--wait must be 0 to 60") }
        if let limit, limit < 1 { throw ValidationError("--limit must be 1 or more") }
        if let port, !(1...65_535).contains(port) { throw ValidationError("--port must be 1 to 65535") }
    }

    func run() async throws {
        try await reporting { try await perform() }
    }

    private func perform() async throws {
        let orders = try OrderFile.read(file, limit: limit)
        guard !orders.isEmpty else { throw UsageFailure("\(file) holds no order") }
        let running = RunState.find(data)?.workers.first { $0.name == "edge" }.flatMap { URLComponents(string: $0.url)?.port }
        let loader = Loader(
            port: port ?? running ?? 8080, options: .init(connections: connections, rate: rate, wait: wait, patience: .seconds(20)))
        let catalogue = Catalogue(orders)
        let console = Console.shared
        try await loader.loadProducts(catalogue) { done in
            console.show(progress: "\(bar(done, catalogue.products.count)) \(done)/\(catalogue.products.count) products")
        }
        try await loader.awaitProducts(catalogue)
        console.endProgress()
        let watcher = Task {
            while !Task.isCancelled {
                let report = loader.report
                console.show(
                    progress:
                        "\(bar(report.settled, orders.count)) \(report.settled)/\(orders.count) orders, \(decimal(report.ordersPerSecond, 0)) orders/s"
                )
                try? await Task.sleep(for: .milliseconds(250))
            }
        }
        do {
            try await loader.loadOrders(orders)
            watcher.cancel()
        } catch {
            watcher.cancel()
            throw error
        }
        console.endProgress()
        await loader.close()
        let report = loader.report
        output.print(report) {
            var table = Table(
                ["ORDERS", "ACCEPTED", "CONFIRMED", "REJECTED", "REFUSED", "UNKNOWN", "SECONDS", "ORDERS/S"], right: Set(0..<8))
            table.add([
                "\(report.orders)", "\(report.accepted)", "\(report.confirmed)", "\(report.rejectedTotal)", "\(report.refusedTotal)",
                "\(report.unknown)", decimal(report.seconds, 1), decimal(report.ordersPerSecond, 0),
            ])
            return table
        }
        if report.refusedTotal + report.unknown > 0 { throw ExitCode.partial }
    }
}
