import Foundation
import Locking
import NIOHTTP1

/// Sends a file's products, stock and orders to the edge.
final class Loader: Sendable {
    struct Options: Sendable {
        /// Requests under way at once.
        var connections = 64
        /// Orders in a second; nil means: as fast as they are answered.
        var rate: Double?
        /// How long the edge holds each answer back for the outcome; 0 means: answer at once.
        var wait = 20
        /// How long a server that does not answer is tried again.
        var patience: Duration = .seconds(120)
    }

    private let client: HTTPClient
    private let options: Options
    private let state = Locked(LoadReport())
    private let started = Locked<ContinuousClock.Instant?>(nil)

    init(port: Int, options: Options) {
        client = HTTPClient(port: port, connections: options.connections)
        self.options = options
    }

    /// What was done so far.
    var report: LoadReport {
        var report = state.withLock { $0 }
        if report.seconds == 0, let start = started.withLock({ $0 }) { report.seconds = seconds(since: start) }
        return report
    }

    func close() async { await client.close() }

    // MARK: - Products

    /// Makes the products and sets their stock; waits until each is known.
    func loadProducts(_ catalogue: Catalogue, progress: @escaping @Sendable (Int) -> Void) async throws {
        let done = Counter()
        try await forEach(catalogue.products, at: min(options.connections, 48), rate: nil) { [self] _, product in
            let body =
                #"{"productId":"\#(product.id)","name":"CD at \#(Money.text(product.priceCents))","priceCents":\#(product.priceCents)}"#
            // 409: it is there already, from an earlier load.
            try await send(.POST, "/products", body, wait: 30, accepting: [200, 201, 202, 409], what: product.id)
            try await send(
                .PUT, "/products/\(product.id)/inventory", #"{"quantity":\#(product.stock)}"#, wait: 30, accepting: [200, 202],
                what: product.id)
            state.withLock { $0.products += 1 }
            progress(done.next() + 1)
        }
    }

    /// Waits until the edge knows the last of the products, in case an answer came before the outcome.
    func awaitProducts(_ catalogue: Catalogue) async throws {
        let deadline = ContinuousClock.now + options.patience
        for product in catalogue.products {
            while true {
                let answer = try? await client.send(.init(method: .GET, path: "/products/\(product.id)"), timeout: .seconds(10))
                if answer?.status == 200 { break }
                guard ContinuousClock.now < deadline else { throw Failed("the edge does not know the product \(product.id) in time") }
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }

    private func send(
        _ method: HTTPMethod, _ path: String, _ body: String, wait: Int, accepting: Set<Int>, what: String
    ) async throws {
        let request = HTTPClient.Request(method: method, path: path, headers: [("prefer", "wait=\(wait)")], body: Array(body.utf8))
        let deadline = ContinuousClock.now + options.patience
        while true {
            do {
                let answer = try await client.send(request)
                if accepting.contains(answer.status) { return }
                if answer.status < 500, answer.status != 404 || method != .PUT {
                    throw Failed("\(method.rawValue) \(path): \(answer.status) \(String(decoding: answer.body, as: UTF8.self))")
                }
            } catch is HTTPClient.Failure {
                // Both requests may be repeated: a product is made once, stock is set and not added.
            }
            guard ContinuousClock.now < deadline else { throw Failed("\(what): the edge did not answer in time") }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    // MARK: - Orders

    /// Posts the orders.
    func loadOrders(_ orders: [FileOrder]) async throws {
        let start = ContinuousClock.now
        started.withLock { $0 = start }
        state.withLock { $0.orders = orders.count }
        try await forEach(orders, at: options.connections, rate: options.rate) { [self] index, order in
            try await post(order, index: index)
        }
        state.withLock { $0.seconds = seconds(since: start) }
    }

    private func post(_ order: FileOrder, index: Int) async throws {
        let body = """
            {"customerId":"\(order.customer)","items":[{"productId":"\(order.product)","quantity":\(order.quantity)}],\
            "paymentToken":"\(Catalogue.token(of: index))"}
            """
        var headers: [(String, String)] = []
        if options.wait > 0 { headers.append(("prefer", "wait=\(options.wait)")) }
        let request = HTTPClient.Request(method: .POST, path: "/orders", headers: headers, body: Array(body.utf8))
        let deadline = ContinuousClock.now + options.patience
        while true {
            do {
                let answer = try await client.send(request)
                if answer.status < 500, answer.status != 429 { return count(answer) }
                state.withLock { $0.retried += 1 }
            } catch HTTPClient.Failure.notSent {
                // Nothing has left this process: simply again.
            } catch HTTPClient.Failure.unknown, HTTPClient.Failure.tooLarge {
                return state.withLock { $0.unknown += 1 }
            }
            guard ContinuousClock.now < deadline else {
                throw Failed("the edge did not answer for \(options.patience.components.seconds) s")
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// A problem that names a command is the outcome of an accepted order; any other is a refusal.
    private func count(_ answer: HTTPClient.Answer) {
        state.withLock { report in
            switch answer.status {
            case 201:
                report.accepted += 1
                report.confirmed += 1
            case 202:
                report.accepted += 1
            default:
                let problem = try? JSONDecoder().decode(Problem.self, from: Data(answer.body))
                if let problem, problem.instance?.hasPrefix("/commands/") == true {
                    report.accepted += 1
                    let kind = problem.type?.split(whereSeparator: { "/:#".contains($0) }).last.map(String.init) ?? "\(answer.status)"
                    report.rejected[kind, default: 0] += 1
                } else {
                    report.refused["\(answer.status) \(problem?.title ?? "")".trimmingCharacters(in: .whitespaces), default: 0] += 1
                }
            }
        }
    }

    private struct Problem: Decodable {
        var type: String?
        var title: String?
        var instance: String?
    }

    /// Calls `body` for each element, `width` at once, in order, no faster than `rate` in a second.
    private func forEach<Element: Sendable>(
        _ elements: [Element], at width: Int, rate: Double?, _ body: @escaping @Sendable (Int, Element) async throws -> Void
    ) async throws {
        let start = ContinuousClock.now
        let next = Counter()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<max(1, min(width, elements.count)) {
                group.addTask {
                    while true {
                        let index = next.next()
                        guard index < elements.count else { return }
                        if let rate {
                            let due = start + .nanoseconds(Int64(Double(index) / rate * 1e9))
                            if due > ContinuousClock.now { try await Task.sleep(until: due) }
                        }
                        try Task.checkCancellation()
                        try await body(index, elements[index])
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private func seconds(since start: ContinuousClock.Instant) -> Double { (ContinuousClock.now - start).seconds }
}

/// Amounts for people.
package enum Money {
    /// `29.33` for 2,933 cents.
    package static func text(_ cents: Int) -> String {
        let sign = cents < 0 ? "-" : ""
        let (whole, part) = abs(cents).quotientAndRemainder(dividingBy: 100)
        return "\(sign)\(whole).\(part < 10 ? "0" : "")\(part)"
    }
}

extension Duration {
    /// In seconds, with a fraction.
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
