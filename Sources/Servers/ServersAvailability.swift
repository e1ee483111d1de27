/// Whether the servers that Millrace can start by itself are installed.
public enum ServersAvailability {
    /// The folder with PostgreSQL's server programs, or nil.
    public static var postgres: String? { try? PostgresPrograms.find().folder }
    /// The path of RabbitMQ's start script, or nil.
    public static var rabbitMQ: String? { try? RabbitPrograms.find().server }
    /// The path of a program in `PATH` or one of the system's folders, or nil.
    public static func program(_ name: String) -> String? { Files.program(name) }
}
