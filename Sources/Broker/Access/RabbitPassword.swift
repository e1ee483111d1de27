/// RabbitMQ's form of passwords, for definitions that RabbitMQ is to import.
public enum RabbitPassword {
    /// What `hashing_algorithm` says of ``hash(_:)``.
    public static let algorithm = PasswordHash.sha256Name

    /// What `password_hash` holds for this password: Base64 of a new salt and SHA-256 of salt and password.
    /// Source: https://www.rabbitmq.com/docs/passwords
    public static func hash(_ password: String) -> String {
        String(PasswordHash.rabbit(Array(password.utf8)).text.dropFirst(algorithm.utf8.count + 1))
    }
}
