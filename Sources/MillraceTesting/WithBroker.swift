public import Broker
import Contracts
public import Logging

/// Runs a body with a broker of its own: in this process, in memory, at a free port, gone at the end.
///
/// ```swift
/// @Test func ordersArePublished() async throws {
///     try await withBroker { url in
///         // url is amqp://guest:guest@127.0.0.1:PORT/%2F
///     }
/// }
/// ```
///
/// Each call has its own, so tests run side by side. It starts in a few milliseconds.
///
/// - Parameters:
///   - change: what is to differ from the defaults; host, port and storage are set before it is called.
///   - body: gets the URL with user and password.
/// - Throws: what `body` throws, or `BrokerError` when the broker cannot start.
public func withBroker<Value: Sendable>(
    logger: Logger = .silent, _ change: (inout BrokerConfiguration) -> Void = { _ in }, _ body: (String) async throws -> Value
) async throws -> Value {
    try await withBrokerAddress(logger: logger, change) { _, url in try await body(url) }
}

/// As ``withBroker(logger:_:_:)``, for those who need ports too, of the management API for example.
public func withBrokerAddress<Value: Sendable>(
    logger: Logger = .silent, _ change: (inout BrokerConfiguration) -> Void = { _ in },
    _ body: (_ address: BrokerAddress, _ url: String) async throws -> Value
) async throws -> Value {
    var configuration = BrokerConfiguration()
    configuration.port = 0
    configuration.storage = .memory
    change(&configuration)
    let broker = Broker(configuration: configuration, logger: logger)
    let address = try await broker.start()
    let user = "\(configuration.defaultUser.percentEncoded):\(configuration.defaultPassword.percentEncoded)"
    let url = address.url.replacing("://", with: "://\(user)@", maxReplacements: 1) + "/%2F"
    do {
        let value = try await body(address, url)
        await broker.shutdown()
        return value
    } catch {
        await broker.shutdown()
        throw error
    }
}

extension Logger {
    /// Says nothing: what a test's broker logs would only hide what the test says.
    public static var silent: Logger { Logger(label: "broker") { _ in SwiftLogNoOpLogHandler() } }
}
