import Foundation

/// The programs of RabbitMQ and Erlang.
struct RabbitPrograms: Sendable {
    let server: String
    let epmd: String

    /// Finds them. Debian's `/usr/sbin/rabbitmq-server` changes to another user and has its own ideas of where
    /// data belongs, so the real script comes first.
    static func find() throws(ServersError) -> RabbitPrograms {
        let folders = ["/usr/lib/rabbitmq/bin", "/opt/homebrew/opt/rabbitmq/sbin", "/usr/local/opt/rabbitmq/sbin", "/opt/rabbitmq/sbin"]
        guard let server = Files.program("rabbitmq-server", alsoIn: folders) else {
            throw ServersError(
                .programMissing, "RabbitMQ is not installed (no `rabbitmq-server`); on Debian: apt-get install rabbitmq-server")
        }
        let erlang = ["/opt/homebrew/opt/erlang/lib/erlang/bin", "/usr/lib/erlang/bin"]
        guard let epmd = Files.program("epmd", alsoIn: erlang) else {
            throw ServersError(.programMissing, "Erlang's `epmd` is not installed; on Debian: apt-get install erlang-base")
        }
        return RabbitPrograms(server: server, epmd: epmd)
    }
}

/// The file from which RabbitMQ takes users, virtual hosts and permissions when it starts.
enum RabbitDefinitions {
    private struct File: Encodable {
        struct User: Encodable {
            var name, passwordHash, hashingAlgorithm, tags: String
        }
        struct Host: Encodable { var name: String }
        struct Permission: Encodable {
            var user, vhost, configure, write, read: String
        }
        var rabbitVersion = "3.10.0"
        var users: [User]
        var vhosts = [Host(name: "/")]
        var permissions: [Permission]
    }

    static func json(_ users: [PrivateRabbitMQ.User]) -> String {
        let file = File(
            users: users.map {
                .init(
                    name: $0.name, passwordHash: Secret.rabbitHash($0.password),
                    hashingAlgorithm: "rabbit_password_hashing_sha256", tags: $0.tags.joined(separator: ","))
            },
            permissions: users.map { .init(user: $0.name, vhost: "/", configure: $0.configure, write: $0.write, read: $0.read) })
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let data = (try? encoder.encode(file)) ?? Data()
        return String(decoding: data, as: UTF8.self)
    }
}
