/// How long a message or a queue may be told to live, with RabbitMQ's reasons.
enum TimeToLive {
    /// Ten years in milliseconds, the most that RabbitMQ takes.
    static let longest: Int64 = 315_360_000_000

    /// Why a number of milliseconds is no time to live, as an Erlang term; nil where it is one.
    static func refusal(milliseconds: Int64) -> String? {
        if milliseconds < 0 { return "{value_negative,\(milliseconds)}" }
        return milliseconds > longest ? "{value_too_large,\(milliseconds)}" : nil
    }
}
