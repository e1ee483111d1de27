/// Anything that travels in an ``Envelope``: an ``Event`` or a ``Command``.
///
/// A message is a plain value. Its stored properties, through `Codable`, are the `data` of the envelope; its
/// static properties say how it is addressed. JSON property names are camel case (`orderId`).
public protocol Message: Codable, Sendable {
    /// The name on the wire and the AMQP routing key, lower-case words joined by dots: `order.created`.
    static var type: String { get }

    /// The version of the schema of the data, counted from 1. The default is 1.
    static var version: Int { get }

    /// Messages with the same key are handled one after another, in order. Never empty.
    var partitionKey: String { get }

    /// The contracts that the type was generated from, which its data is checked against when it is published and before
    /// it is handled. The default is nil: the data of a type without a contract is not checked.
    static var catalog: MessageCatalog? { get }
}

extension Message {
    /// The first version.
    public static var version: Int { 1 }

    /// None.
    public static var catalog: MessageCatalog? { nil }

    /// What the envelope's `dataschema` says of this type: `millrace:order.created:1`.
    public static var schemaIdentifier: String { WellKnown.schemaIdentifier(type, version: version) }
}

/// A fact, in the past tense. It is published to the topic that owns it.
public protocol Event: Message {
    /// The topic: on the wire a durable topic exchange of this name.
    static var topic: String { get }
}

/// A request to one worker, in the imperative. It is sent to ``WellKnown/commandsExchange``.
public protocol Command: Message {}

/// Names that every process agrees on.
public enum WellKnown {
    /// The direct exchange that carries every command; the routing key is the command's type.
    public static let commandsExchange = "commands"

    /// The content type of an encoded envelope (CloudEvents 1.0 JSON format, section 3).
    public static let contentType = "application/cloudevents+json"

    /// What `dataschema` says of a version of a message: `millrace:order.created:1`.
    public static func schemaIdentifier(_ type: String, version: Int) -> String { "millrace:\(type):\(version)" }
}
