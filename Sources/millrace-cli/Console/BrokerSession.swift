import AMQP
import ArgumentParser
import Contracts
import Foundation

/// A connection to the broker for commands that publish and read: it is there before anything is claimed, and a broker that is
/// down is said in seconds, with exit code 5.
enum BrokerSession {
    /// How long to wait for the broker.
    static let patience: Duration = .seconds(5)

    /// Calls `body` with a client that is connected.
    static func with<R: Sendable>(
        _ options: ConnectionOptions, name: String, declaring topology: AMQPTopology, _ body: (AMQPClient) async throws -> R
    ) async throws -> R {
        var configuration = try AMQPConfiguration(url: options.amqpURL())
        configuration.connectionName = name
        configuration.connectTimeout = patience
        configuration.operationTimeout = patience
        return try await AMQPClient(configuration: configuration, logger: .quiet).executeThenClose { client in
            if let error = await refusal(client, topology) {
                // Who may not declare may still publish to what is there.
                guard error.replyCode == 403, !error.isConnectionFailure else {
                    guard error.replyCode == nil || error.isConnectionFailure else { throw error }
                    throw BrokerUnreachable(
                        description: "the broker at \(configuration) does not answer: \(error.message)\nnothing was sent")
                }
            }
            return try await body(client)
        }
    }

    private static func refusal(_ client: AMQPClient, _ topology: AMQPTopology) async -> AMQPError? {
        do throws(AMQPError) {
            try await client.declare(topology)
            return nil
        } catch {
            return error
        }
    }

    /// The exchange of a topic, or that of the commands, as workers declare it.
    static func exchange(_ topic: String) -> AMQPTopology.Exchange {
        AMQPTopology.Exchange(name: topic, kind: topic == WellKnown.commandsExchange ? "direct" : "topic")
    }
}

/// No broker answers: exit code 5.
struct BrokerUnreachable: Error, CustomStringConvertible {
    let description: String
}

extension ExitCode {
    /// The broker, or the server that a command talks to, does not answer.
    static let unreachable = ExitCode(5)
}

/// As `reporting`, and exit code 5 for a broker that does not answer.
func reportingReach(_ body: () async throws -> Void) async throws {
    try await reporting {
        do {
            try await body()
        } catch let error as BrokerUnreachable {
            Console.shared.endProgress()
            Console.shared.complain(error.description)
            throw ExitCode.unreachable
        }
    }
}
