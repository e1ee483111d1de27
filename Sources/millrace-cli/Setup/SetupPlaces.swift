import Foundation
import Postgres

/// Where the servers are that `millrace setup` works on, with the logins of their administrators.
struct SetupPlaces: Sendable {
    /// PostgreSQL's URL; nil leaves the database alone.
    var database: String?
    /// The URL of RabbitMQ's management; nil leaves the broker alone.
    var management: String?
    /// Where workers reach the broker: a URL whose user and password are replaced.
    var broker: String?

    /// - Parameters: what stands on the command line, where no password may stand: everybody on the machine can read it there.
    init(
        database: String?, management: String?, broker: String?, environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws {
        func place(_ option: String?, _ name: String, _ variable: String, password: String) throws -> String? {
            if let option {
                if URLComponents(string: option)?.password != nil {
                    throw UsageFailure(
                        "a password in --\(name) can be read by everybody on this machine; put the URL into \(variable), or the password alone into \(password)"
                    )
                }
                guard let secret = environment[password], !secret.isEmpty, var parts = URLComponents(string: option) else { return option }
                parts.password = secret
                return parts.string
            }
            if let file = environment[variable + "_FILE"], !file.isEmpty {
                guard let text = FileManager.default.contents(atPath: file) else {
                    throw UsageFailure("cannot read \(variable)_FILE, \(file)")
                }
                return String(decoding: text, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            }
            return environment[variable].flatMap { $0.isEmpty ? nil : $0 }
        }
        self.database = try place(database, "database-url", "DATABASE_URL", password: "PGPASSWORD")
        self.management = try place(management, "broker-management-url", "BROKER_MANAGEMENT_URL", password: "BROKER_MANAGEMENT_PASSWORD")
        self.broker = try place(broker, "amqp-url", "AMQP_URL", password: "")
        if self.database == nil, self.management == nil {
            throw UsageFailure("nothing to set up: give DATABASE_URL, BROKER_MANAGEMENT_URL, or both")
        }
        if let management = self.management, self.broker == nil {
            guard let host = URLComponents(string: management)?.host else { throw UsageFailure("BROKER_MANAGEMENT_URL is not a URL") }
            self.broker = "amqp://\(host.contains(":") ? "[\(host)]" : host):5672/%2F"
        }
    }

    /// The URL by which a worker's user reaches the broker.
    static func brokerURL(_ base: String, user: String, password: String) throws -> String {
        guard var parts = URLComponents(string: base), ["amqp", "amqps"].contains(parts.scheme?.lowercased() ?? "") else {
            throw UsageFailure("AMQP_URL is not like amqp://host:5672/%2F")
        }
        parts.user = user
        parts.password = password
        guard let url = parts.string else { throw UsageFailure("AMQP_URL is not like amqp://host:5672/%2F") }
        return url
    }
}
