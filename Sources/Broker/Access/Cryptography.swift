import COpenSSL

/// What passwords need of libcrypto.
enum Cryptography {
    /// The parameters of scrypt (RFC 7914): cost N = 2^logN, block size r, parallelism p.
    struct ScryptCost: Equatable, Sendable {
        var logN: Int
        var r: Int
        var p: Int

        /// What new hashes get: 16 MiB and some 30 ms.
        static let standard = ScryptCost(logN: 14, r: 8, p: 1)
        /// Memory that a stored hash may ask for. An import could otherwise take all there is.
        static let mostBytes = 128 << 20

        var bytes: Int { 128 * r << logN }
        var isAcceptable: Bool { (10...20).contains(logN) && (1...32).contains(r) && (1...16).contains(p) && bytes <= Self.mostBytes }
    }

    /// - Returns: nil when libcrypto refuses, which it does only for parameters out of range or without memory.
    static func scrypt(_ password: [UInt8], salt: [UInt8], cost: ScryptCost, count: Int = 32) -> [UInt8]? {
        var key = [UInt8](repeating: 0, count: count)
        let password = password.map { CChar(bitPattern: $0) }
        let done = EVP_PBE_scrypt(
            password, password.count, salt, salt.count, 1 << UInt64(cost.logN), UInt64(cost.r), UInt64(cost.p),
            UInt64(cost.bytes + (8 << 20)), &key, count)
        return done == 1 ? key : nil
    }

    static func sha256(_ bytes: [UInt8]) -> [UInt8] { digest(bytes, EVP_sha256(), 32) }
    static func sha512(_ bytes: [UInt8]) -> [UInt8] { digest(bytes, EVP_sha512(), 64) }

    private static func digest(_ bytes: [UInt8], _ algorithm: OpaquePointer?, _ count: Int) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: count)
        var length: UInt32 = 0
        let done = EVP_Digest(bytes, bytes.count, &digest, &length, algorithm, nil)
        // SHA-2 of bytes in memory cannot fail unless libcrypto was built without it.
        precondition(done == 1 && Int(length) == count, "libcrypto has no SHA-2")
        return digest
    }

    /// HMAC-SHA-256.
    static func authenticator(_ bytes: [UInt8], key: [UInt8]) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: 32)
        var length: UInt32 = 0
        let done = HMAC(EVP_sha256(), key, Int32(key.count), bytes, bytes.count, &code, &length)
        precondition(done != nil && length == 32, "libcrypto has no HMAC-SHA-256")
        return code
    }

    /// Takes the same time wherever the difference is.
    static func areEqual(_ first: [UInt8], _ second: [UInt8]) -> Bool {
        first.count == second.count && CRYPTO_memcmp(first, second, first.count) == 0
    }

    static func random(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }
}
