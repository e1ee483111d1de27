import Contracts

/// A worker: one deployable process with its own schema, role, queue and migrations.
///
/// ```swift
/// @main
/// struct Shipping: WorkerProgram {
///     static func configure(_ worker: inout Worker) {
///         worker.handle(CreateShipment.self) { command, context in
///             …
///             context.publish(ShipmentCreated(…))
///         }
///     }
/// }
/// ```
///
/// The executable understands `run` (the default), `prepare`, `describe`, `audit`, `migrations` and `--help`. Everything it needs to
/// know of its surroundings comes from the environment; see ``WorkerSettings``.
public protocol WorkerProgram {
    /// The worker's name: lower-case words joined by `-`, as its folder in `workers/`. The default is made of the
    /// type's name: `OrderHistory` becomes `order-history`.
    static var name: String { get }

    /// Says what the worker does. Called once, before anything is connected; it must not do I/O.
    /// - Throws: whatever makes the configuration unusable; the process then ends with exit code 64.
    static func configure(_ worker: inout Worker) throws
}

extension WorkerProgram {
    /// The type's name in lower case, words joined by `-`.
    public static var name: String { String(describing: Self.self).kebabCased }

    /// Runs the worker as a process: reads arguments and environment, does what they ask, and exits.
    public static func main() async {
        await WorkerProcess(program: Self.self, arguments: Array(CommandLine.arguments.dropFirst())).runAndExit()
    }
}
