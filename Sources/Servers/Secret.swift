import Foundation

/// Random passwords and the files that keep them.
public enum Secret {
    /// A password of `length` letters and digits from the system's random generator: with the default
    /// length of 32 it holds 190 bits, and it needs no escaping in URLs, SQL or shells.
    public static func random(length: Int = 32) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
        var generator = SystemRandomNumberGenerator()
        return String((0..<length).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &generator)] })
    }

    /// The secret kept in the file at `path`; makes one, and the file with mode 0600, if there is none yet.
    ///
    /// - Throws: `ServersError.Code.fileSystem`.
    public static func kept(in path: String) throws(ServersError) -> String {
        if let data = FileManager.default.contents(atPath: path) {
            let text = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            if !text.isEmpty { return text }
        }
        let secret = random()
        try Files.write(secret + "\n", to: path, mode: 0o600)
        return secret
    }

    /// Writes `text` to the file at `path`, mode 0600; a reader sees the old content or the new, never a part.
    ///
    /// - Throws: `ServersError.Code.fileSystem`.
    public static func keep(_ text: String, in path: String) throws(ServersError) { try Files.write(text, to: path, mode: 0o600) }

    /// The form in which RabbitMQ stores a password: Base64 of a four byte salt and
    /// SHA-256(salt + password). Source: https://www.rabbitmq.com/docs/passwords
    package static func rabbitHash(_ password: String, salt: [UInt8]? = nil) -> String {
        let salt = salt ?? (0..<4).map { _ in UInt8.random(in: .min ... .max) }
        return Data(salt + SHA256.digest(salt + Array(password.utf8))).base64EncodedString()
    }
}
