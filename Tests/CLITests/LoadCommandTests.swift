import Foundation
import Servers
import Testing

/// `millrace load` against an edge that answers as a test says. One connection, so the requests come one after another: the product, its
/// stock, whether it is known, and then the orders.
@Suite("millrace load", .timeLimit(.minutes(2))) struct LoadCommandTests {
    private struct Report: Decodable {
        var orders: Int
        var accepted: Int
        var confirmed: Int
        var unknown: Int
        var refused: [String: Int]
    }

    /// Loads two orders of one product; the edge gives these answers to them.
    private func load(_ answers: [Int]) async throws -> (result: ChildProcess.Result, report: Report, paths: [String]) {
        try await Fixture.withFolder { folder in
            try Fixture.write("customer,quantity,amount\n1,2,20.00\n2,1,10.00\n", to: folder + "/orders.csv")
            return try await EventSink.with([201, 200, 200] + answers) { edge in
                let result = try await Fixture.run(
                    "load", folder + "/orders.csv", "--port", "\(edge.port)", "--connections", "1", "--wait", "0", "-o", "json")
                let report = try JSONDecoder().decode(Report.self, from: Data(result.standardOutput.utf8))
                return (result, report, edge.requests.map { "\($0.method) \($0.path)" })
            }
        }
    }

    @Test("makes the products, sets their stock, posts the orders, and ends with 0")
    func everything() async throws {
        let (result, report, paths) = try await load([201, 202])
        #expect(result.status == .exited(0), "\(result)")
        #expect(report.orders == 2 && report.accepted == 2 && report.confirmed == 1 && report.refused.isEmpty && report.unknown == 0)
        #expect(paths == ["POST /products", "PUT /products/cd-1000/inventory", "GET /products/cd-1000", "POST /orders", "POST /orders"])
    }

    /// Fails without the last line of LoadCommand.perform.
    @Test("ends with 2 when an order was refused")
    func refused() async throws {
        let (result, report, _) = try await load([201, 422])
        #expect(result.status == .exited(2), "\(result)")
        #expect(report.accepted == 1 && report.refused == ["422": 1])
    }

    @Test("ends with 2 when an answer was lost, and does not send that order again")
    func lost() async throws {
        let (result, report, paths) = try await load([0, 201])
        #expect(result.status == .exited(2), "\(result)")
        #expect(report.accepted == 1 && report.unknown == 1)
        #expect(paths.filter { $0 == "POST /orders" }.count == 2)
    }
}
