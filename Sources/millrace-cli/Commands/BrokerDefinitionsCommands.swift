import ArgumentParser
import Broker
import Contracts
import Foundation
import Servers

struct BrokerDefinitionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "definitions", abstract: "Show virtual hosts, users, permissions, queues, exchanges and bindings.",
        discussion: "EXAMPLES\n  millrace broker definitions\n  millrace broker definitions -o json")
    @OptionGroup var management: ManagementOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await reporting {
            let file = try await management.with { try await $0.send("GET", "definitions") }
            if case .json = output.output { return Console.shared.output(file.prettyPrinted()) }
            var table = Table(["WHAT", "COUNT"], right: [1])
            for part in ["vhosts", "users", "permissions", "queues", "exchanges", "bindings"] {
                table.add([part, "\(file[part]?.arrayValue?.count ?? 0)"])
            }
            Console.shared.output(table.text)
        }
    }
}

struct BrokerExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write a definitions file that this broker and RabbitMQ import.",
        discussion: """
            Passwords are kept as scrypt hashes, which RabbitMQ cannot use: in the file such a user has an empty password_hash \
            for RabbitMQ, and its own hash for this broker. Users whose passwords are given get RabbitMQ's hash instead.
            --passwords names a JSON file {"user": "password"}; each password is checked first.

            EXAMPLES
              millrace broker export broker.json
              millrace broker export broker.json --passwords passwords.json
              rabbitmqctl import_definitions broker.json
            """)
    @OptionGroup var management: ManagementOptions
    @Argument(help: "The file; - for standard output.") var file = "-"
    @Option(help: ArgumentHelp("A JSON file with passwords to hash for RabbitMQ.", valueName: "file")) var passwords: String?

    func run() async throws {
        try await reporting {
            let known = try passwords.map(Self.read) ?? [:]
            let (definitions, wrong) = try await management.with { client in
                let definitions = try await client.send("GET", "definitions")
                return (definitions, try await Self.wrong(known, client))
            }
            guard wrong.isEmpty else { throw Failed("the broker does not know these passwords: \(wrong.sorted().joined(separator: ", "))") }
            let (result, locked) = Self.rehash(definitions, known)
            try write(result.prettyPrinted() + "\n")
            if !locked.isEmpty {
                Console.shared.warn(
                    "in RabbitMQ these users will exist and cannot log in until `rabbitmqctl change_password`: \(locked.joined(separator: ", "))"
                )
            }
        }
    }

    /// Gives users whose passwords are known a hash that RabbitMQ understands.
    /// - Returns: the file, and the users who have none.
    static func rehash(_ definitions: JSONValue, _ known: [String: String]) -> (JSONValue, locked: [String]) {
        var definitions = definitions
        var locked: [String] = []
        let users = definitions["users"]?.arrayValue ?? []
        definitions["users"] = .array(
            users.map { user in
                var user = user
                let name = user["name"]?.stringValue ?? ""
                if let password = known[name] {
                    user["password_hash"] = .string(RabbitPassword.hash(password))
                    user["hashing_algorithm"] = .string(RabbitPassword.algorithm)
                    user["millrace_password_hash"] = nil
                } else if user["millrace_password_hash"] != nil {
                    locked.append(name)
                }
                return user
            })
        return (definitions, locked)
    }

    private static func read(_ path: String) throws -> [String: String] {
        guard let data = FileManager.default.contents(atPath: path) else { throw UsageFailure("cannot read \(path)") }
        guard let passwords = try? JSONDecoder().decode([String: String].self, from: data) else {
            throw UsageFailure("\(path) must hold one JSON object: {\"user\": \"password\"}")
        }
        return passwords
    }

    /// The users whose passwords the broker refuses.
    private static func wrong(_ known: [String: String], _ client: ManagementClient) async throws -> [String] {
        var wrong: [String] = []
        for (user, password) in known where try await !client.accepts(user: user, password: password) { wrong.append(user) }
        return wrong
    }

    private func write(_ text: String) throws {
        if file == "-" { return Console.shared.output(String(text.dropLast())) }
        // Hashes of passwords are in it.
        try Secret.keep(text, in: file)
        Console.shared.say("wrote \(file)")
    }
}

struct BrokerImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Read a definitions file of this broker or of RabbitMQ into a running broker.",
        discussion:
            "What is there already stays; users and permissions of the file replace those of the same name.\n\nEXAMPLES\n  millrace broker import broker.json"
    )
    @OptionGroup var management: ManagementOptions
    @Argument(help: "The file; - for standard input.") var file: String

    func run() async throws {
        try await reporting {
            let data = try await ByteSource.all(of: file)
            let definitions: JSONValue
            do { definitions = try JSONValue.parse(data) } catch { throw UsageFailure("\(file) is no JSON: \(error)") }
            let answer = try await management.with { try await $0.send("POST", "definitions", body: definitions) }
            if let ignored = answer["ignored"]?.arrayValue, !ignored.isEmpty {
                Console.shared.warn("this broker does not have, and left out: \(answer.cell("ignored"))")
            }
            Console.shared.say("imported \(file)")
        }
    }
}
