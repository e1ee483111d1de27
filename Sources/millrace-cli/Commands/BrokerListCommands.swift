import ArgumentParser
import Contracts
import Foundation

struct BrokerStatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Say how a running broker is.",
        discussion: "Exits 1 when publishers are blocked.\n\nEXAMPLES\n  millrace broker status\n  millrace broker status -o json")
    @OptionGroup var management: ManagementOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await reporting {
            let (overview, node) = try await management.with { client in
                let overview = try await client.send("GET", "overview")
                return (overview, try await client.list("nodes").first ?? .null)
            }
            print(overview, node)
            if node["mem_alarm"]?.boolValue == true || node["disk_free_alarm"]?.boolValue == true { throw ExitCode.failure }
        }
    }

    private func print(_ overview: JSONValue, _ node: JSONValue) {
        if case .json = output.output { return Console.shared.output((["overview": overview, "node": node] as JSONValue).prettyPrinted()) }
        var table = Table(["WHAT", ""])
        table.add(["product", overview.cell("product_name") + " " + overview.cell("product_version")])
        table.add(["node", overview.cell("node")])
        table.add(["messages ready", overview.cell("queue_totals.messages_ready")])
        table.add(["messages unacknowledged", overview.cell("queue_totals.messages_unacknowledged")])
        for name in ["connections", "channels", "queues", "exchanges", "consumers"] {
            table.add([name, overview.cell("object_totals.\(name)")])
        }
        table.add(["published per second", overview.cell("message_stats.publish_details.rate")])
        table.add(["delivered per second", overview.cell("message_stats.deliver_get_details.rate")])
        table.add(["memory", Self.megabytes(node["mem_used"]) + " of " + Self.megabytes(node["mem_limit"])])
        if let free = node["disk_free"], !free.isNull {
            table.add(["disk free", Self.megabytes(free) + ", blocks below " + Self.megabytes(node["disk_free_limit"])])
        }
        table.add([
            "blocked",
            node["mem_alarm"]?.boolValue == true ? "low on memory" : node["disk_free_alarm"]?.boolValue == true ? "low on disk" : "no",
        ])
        Console.shared.output(table.text)
    }

    private static func megabytes(_ value: JSONValue?) -> String { "\((value?.intValue ?? 0) / 1_000_000) MB" }
}

/// What the lists have in common.
struct BrokerListOptions: ParsableArguments {
    @OptionGroup var management: ManagementOptions
    @OptionGroup var output: OutputOptions
    @Option(help: "Only this virtual host.") var vhost: String?

    func path(_ noun: String) -> String { vhost.map { noun + "/" + $0.percentEncoded } ?? noun }
}

struct BrokerQueuesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queues", abstract: "List queues with their messages and consumers.",
        discussion: "EXAMPLES\n  millrace broker queues --sort messages\n  millrace broker queues --vhost / -o json")
    @OptionGroup var options: BrokerListOptions
    @Option(help: "Order by this column of the API, the largest first.") var sort: String?

    func run() async throws {
        try await reporting {
            let order = sort.map { "?sort=\($0.percentEncoded)&sort_reverse=true" } ?? ""
            let queues = try await options.management.with { try await $0.list(options.path("queues") + order) }
            options.output.print(
                queues,
                columns: [
                    ("VHOST", "vhost"), ("NAME", "name"), ("TYPE", "type"), ("READY", "messages_ready"),
                    ("UNACKED", "messages_unacknowledged"),
                    ("CONSUMERS", "consumers"), ("IN/S", "message_stats.publish_details.rate"),
                    ("OUT/S", "message_stats.deliver_get_details.rate"),
                    ("ACK/S", "message_stats.ack_details.rate"),
                ], right: [3, 4, 5, 6, 7, 8])
        }
    }
}

struct BrokerExchangesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "exchanges", abstract: "List exchanges.")
    @OptionGroup var options: BrokerListOptions

    func run() async throws {
        try await reporting {
            let exchanges = try await options.management.with { try await $0.list(options.path("exchanges")) }
            options.output.print(
                exchanges,
                columns: [
                    ("VHOST", "vhost"), ("NAME", "name"), ("TYPE", "type"), ("DURABLE", "durable"), ("INTERNAL", "internal"),
                    ("ARGUMENTS", "arguments"),
                ])
        }
    }
}

struct BrokerUsersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "users", abstract: "List, make and remove users.",
        discussion: """
            EXAMPLES
              millrace broker users
              MILLRACE_NEW_PASSWORD=… millrace broker users put shop --tags monitoring
              millrace broker users delete shop
            """,
        subcommands: [List.self, Put.self, Delete.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List users.")
        @OptionGroup var management: ManagementOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await reporting {
                let users = try await management.with { try await $0.list("users?columns=name,tags") }
                output.print(users, columns: [("NAME", "name"), ("TAGS", "tags")])
            }
        }
    }

    struct Put: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a user, or change its password and tags.",
            discussion: "The password is read from MILLRACE_NEW_PASSWORD, or from the file that --password-file names.")
        @OptionGroup var management: ManagementOptions
        @Argument(help: "The user's name.") var name: String
        @Option(help: ArgumentHelp("administrator, monitoring, policymaker, management, impersonator.", valueName: "a,b")) var tags = ""
        @Option(help: "A file with the password.") var passwordFile: String?

        func run() async throws {
            try await reporting {
                let password = try passwordFile.map(BrokerSettings.secret) ?? environmentPassword()
                try await management.with {
                    _ = try await $0.send(
                        "PUT", "users/" + name.percentEncoded, body: ["password": .string(password), "tags": .string(tags)])
                }
                Console.shared.say("user \(name) can log in")
            }
        }

        private func environmentPassword() throws -> String {
            guard let password = ProcessInfo.processInfo.environment["MILLRACE_NEW_PASSWORD"], !password.isEmpty else {
                throw UsageFailure("set MILLRACE_NEW_PASSWORD, or name a file with --password-file")
            }
            return password
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Remove a user; its connections are closed.")
        @OptionGroup var management: ManagementOptions
        @Argument(help: "The user's name.") var name: String

        func run() async throws {
            try await reporting {
                try await management.with { _ = try await $0.send("DELETE", "users/" + name.percentEncoded) }
            }
        }
    }
}

struct BrokerPermissionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "permissions", abstract: "List and set permissions.",
        discussion:
            "EXAMPLES\n  millrace broker permissions\n  millrace broker permissions set shop --configure '^shop\\.' --write '.*' --read '^shop\\.'",
        subcommands: [List.self, Set.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List permissions.")
        @OptionGroup var management: ManagementOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await reporting {
                let permissions = try await management.with { try await $0.list("permissions") }
                output.print(
                    permissions,
                    columns: [("VHOST", "vhost"), ("USER", "user"), ("CONFIGURE", "configure"), ("WRITE", "write"), ("READ", "read")])
            }
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Set a user's permissions in a virtual host.")
        @OptionGroup var management: ManagementOptions
        @Argument(help: "The user's name.") var user: String
        @Option(help: "The virtual host.") var vhost = "/"
        @Option(help: "Names it may declare and delete; empty for none.") var configure = ""
        @Option(help: "Names it may publish to.") var write = ""
        @Option(help: "Names it may consume from.") var read = ""

        func run() async throws {
            try await reporting {
                let path = "permissions/" + vhost.percentEncoded + "/" + user.percentEncoded
                try await management.with {
                    _ = try await $0.send(
                        "PUT", path, body: ["configure": .string(configure), "write": .string(write), "read": .string(read)])
                }
            }
        }
    }
}
