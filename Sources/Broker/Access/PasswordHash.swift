#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The form in which a password is kept.
///
/// New ones are scrypt's, in the text form `$scrypt$ln=14,r=8,p=1$salt$hash` (Base64 without padding), so that a stronger
/// cost can be chosen later without losing old hashes. RabbitMQ's salted SHA-256 and SHA-512 are taken from its definitions
/// (https://www.rabbitmq.com/docs/passwords) and stay until the password is changed.
package enum PasswordHash: Equatable, Sendable {
    case scrypt(cost: ScryptCost, salt: [UInt8], hash: [UInt8])
    /// Four bytes of salt, then the digest of salt and password.
    case rabbitSHA256([UInt8])
    case rabbitSHA512([UInt8])
    /// Nobody can log in with a password.
    case none

    package struct ScryptCost: Equatable, Sendable {
        package var logN: Int
        package var r: Int
        package var p: Int
    }

    package static let sha256Name = "rabbit_password_hashing_sha256"
    package static let sha512Name = "rabbit_password_hashing_sha512"

    /// Makes a hash with a new salt; takes tens of milliseconds, so never on the broker's loop.
    /// - Returns: nil where there is no memory for it.
    package static func make(_ password: [UInt8]) -> PasswordHash? {
        let cost = Cryptography.ScryptCost.standard
        let salt = Cryptography.random(16)
        guard let hash = Cryptography.scrypt(password, salt: salt, cost: cost) else { return nil }
        return .scrypt(cost: ScryptCost(logN: cost.logN, r: cost.r, p: cost.p), salt: salt, hash: hash)
    }

    /// RabbitMQ's form of a password, for definitions that RabbitMQ imports.
    package static func rabbit(_ password: [UInt8]) -> PasswordHash {
        let salt = Cryptography.random(4)
        return .rabbitSHA256(salt + Cryptography.sha256(salt + password))
    }

    /// Reads what `text` wrote; nil for anything else.
    package init?(_ text: String) {
        if text.isEmpty {
            self = .none
            return
        }
        if text.hasPrefix("$") {
            self.init(phc: text)
            return
        }
        let parts = text.split(separator: ":", maxSplits: 1)
        guard parts.count == 2 else { return nil }
        self.init(rabbit: String(parts[1]), algorithm: String(parts[0]))
    }

    /// A hash as RabbitMQ's definitions have it.
    /// - Parameters:
    ///   - text: Base64; empty for a user without password.
    ///   - algorithm: nil means SHA-256, as in RabbitMQ.
    package init?(rabbit text: String, algorithm: String?) {
        if text.isEmpty {
            self = .none
            return
        }
        guard let bytes = Data(base64Encoded: text).map(Array.init) else { return nil }
        switch algorithm ?? Self.sha256Name {
        case Self.sha256Name where bytes.count == 36: self = .rabbitSHA256(bytes)
        case Self.sha512Name where bytes.count == 68: self = .rabbitSHA512(bytes)
        default: return nil
        }
    }

    private init?(phc text: String) {
        let parts = text.split(separator: "$")
        guard parts.count == 4, parts[0] == "scrypt", let salt = Self.decoded(parts[2]), let hash = Self.decoded(parts[3]),
            (8...64).contains(salt.count), (16...64).contains(hash.count)
        else { return nil }
        var values: [Substring: Int] = [:]
        for setting in parts[1].split(separator: ",") {
            let pair = setting.split(separator: "=")
            guard pair.count == 2, let value = Int(pair[1]) else { return nil }
            values[pair[0]] = value
        }
        guard let logN = values["ln"], let r = values["r"], let p = values["p"],
            Cryptography.ScryptCost(logN: logN, r: r, p: p).isAcceptable
        else { return nil }
        self = .scrypt(cost: ScryptCost(logN: logN, r: r, p: p), salt: salt, hash: hash)
    }

    /// The form that is stored.
    package var text: String {
        switch self {
        case .none: ""
        case .rabbitSHA256(let bytes): Self.sha256Name + ":" + Data(bytes).base64EncodedString()
        case .rabbitSHA512(let bytes): Self.sha512Name + ":" + Data(bytes).base64EncodedString()
        case .scrypt(let cost, let salt, let hash):
            "$scrypt$ln=\(cost.logN),r=\(cost.r),p=\(cost.p)$\(Self.encoded(salt))$\(Self.encoded(hash))"
        }
    }

    /// Whether this is the password's hash. Takes scrypt's time in every case, so that nobody can tell from the time
    /// whether a user exists or how its password is kept.
    package func matches(_ password: [UInt8]) -> Bool {
        if case .scrypt(let cost, let salt, let hash) = self {
            let cost = Cryptography.ScryptCost(logN: cost.logN, r: cost.r, p: cost.p)
            let key = Cryptography.scrypt(password, salt: salt, cost: cost, count: hash.count)
            return key.map { Cryptography.areEqual($0, hash) } ?? false
        }
        _ = Cryptography.scrypt(password, salt: Self.nobodysSalt, cost: .standard)
        switch self {
        case .rabbitSHA256(let bytes):
            return Cryptography.areEqual(Array(bytes[4...]), Cryptography.sha256(Array(bytes[..<4]) + password))
        case .rabbitSHA512(let bytes):
            return Cryptography.areEqual(Array(bytes[4...]), Cryptography.sha512(Array(bytes[..<4]) + password))
        case .none, .scrypt: return false
        }
    }

    private static let nobodysSalt = [UInt8](repeating: 0x5A, count: 16)

    private static func encoded(_ bytes: [UInt8]) -> String {
        let text = Data(bytes).base64EncodedString()
        return String(text.prefix { $0 != "=" })
    }

    private static func decoded(_ text: Substring) -> [UInt8]? {
        let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        return Data(base64Encoded: text + padding).map(Array.init)
    }
}
