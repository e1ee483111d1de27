import Foundation
import Servers
import Testing

/// The commands that look at a running broker and change it.
@Suite(.timeLimit(.minutes(5))) struct BrokerCommandTests {
    /// The words of each line of a table.
    private func rows(_ result: ChildProcess.Result) -> [[String]] {
        #expect(result.status.isSuccess, "\(result.standardError)")
        return result.standardOutput.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    }

    @Test func listsWhatThereIs() async throws {
        try await CommandBroker.with { broker in
            try await broker.bind("orders", to: "commerce.orders")
            #expect(rows(try await broker.command("exchanges")).contains { $0.prefix(3) == ["/", "commerce.orders", "topic"] })
            #expect(rows(try await broker.command("queues", "--vhost", "/")).contains { $0.prefix(4) == ["/", "orders", "classic", "0"] })
            let counts = rows(try await broker.command("definitions"))
            for row in [["vhosts", "1"], ["users", "1"], ["queues", "1"], ["exchanges", "1"], ["bindings", "1"]] {
                #expect(counts.contains(row))
            }
            let status = try await broker.command("status", "-o", "json")
            #expect(status.status.isSuccess && status.standardOutput.filter { !$0.isWhitespace }.contains("\"queues\":1"))
            let missing = try await broker.command("queues", "--vhost", "missing")
            #expect(!missing.status.isSuccess && !missing.standardError.isEmpty)
        }
    }

    /// A user from its beginning to its end. Fails when a right that was set is not kept, or a password is not the one that was given.
    @Test func usersAndTheirRights() async throws {
        try await CommandBroker.with { broker in
            let without = try await broker.command("users", "put", "shop")
            #expect(!without.status.isSuccess && without.standardError.contains("MILLRACE_NEW_PASSWORD"))
            let put = try await broker.command(
                "users", "put", "shop", "--tags", "monitoring", environment: ["MILLRACE_NEW_PASSWORD": "secret"])
            #expect(put.status.isSuccess, "\(put.standardError)")
            #expect(rows(try await broker.command("users")).contains(["shop", "monitoring"]))
            let set = try await broker.command("permissions", "set", "shop", "--configure", "^shop", "--read", ".*")
            #expect(set.status.isSuccess, "\(set.standardError)")
            let permissions = try await broker.command("permissions", "-o", "json")
            #expect(permissions.standardOutput.filter { !$0.isWhitespace }.contains("\"configure\":\"^shop\""))
            #expect(rows(try await broker.command("permissions")).contains { $0.prefix(3) == ["/", "shop", "^shop"] })
            let delete = try await broker.command("users", "delete", "shop")
            #expect(delete.status.isSuccess, "\(delete.standardError)")
            #expect(!rows(try await broker.command("users")).contains { $0.first == "shop" })
            #expect(!rows(try await broker.command("permissions")).contains { $0.contains("shop") })
        }
    }
}
