import Foundation
import Testing
import millrace_cli

@Suite("consumes: [\"#\"]") struct ConsumesEverythingTests {
    /// Fails when `#` is left as it is. What it becomes is no permission to read the queues of others.
    @Test("stands for the topics of the project, and for nothing else")
    func topics() async throws {
        try await Fixture.withFolder { folder in
            try Fixture.write("name: orders\nowns: [commerce.orders]\n", to: folder + "/workers/orders/worker.yaml")
            try Fixture.write("name: edge\nconsumes: [commerce.orders, legacy.things]\n", to: folder + "/workers/edge/worker.yaml")
            try Fixture.write("name: journal\nconsumes: [\"#\"]\n", to: folder + "/workers/journal/worker.yaml")
            try Fixture.write("topic: billing.invoices\n", to: folder + "/topics/billing.invoices.yaml")
            let project = try Project(path: folder)
            let journal = try project.worker("journal")
            #expect(journal.consumes == ["billing.invoices", "commerce.orders", "legacy.things"])
            #expect(try project.worker("edge").consumes == ["commerce.orders", "legacy.things"])
            let user = BrokerPermissions.user(for: journal, password: "x")
            #expect(user.read == #"^(worker\.journal(\..*)?|commands|billing\.invoices|commerce\.orders|legacy\.things)$"#)
            #expect(user.write == #"^(worker\.journal(\..*)?|commands)$"#)
            #expect(
                BrokerPermissions.exchanges(for: project.workers).map(\.name) == [
                    "commands", "billing.invoices", "commerce.orders", "legacy.things",
                ])
        }
    }
}
