import Broker
import Testing

@Suite struct PasswordHashTests {
    @Test func scryptMatchesItsPasswordAlone() throws {
        let hash = try #require(PasswordHash.make(Array("s3cret".utf8)))
        #expect(hash.text.hasPrefix("$scrypt$ln=14,r=8,p=1$"))
        let read = try #require(PasswordHash(hash.text))
        #expect(read == hash)
        #expect(read.matches(Array("s3cret".utf8)))
        #expect(!read.matches(Array("s3cre".utf8)))
        #expect(!read.matches([]))
        #expect(PasswordHash.make(Array("s3cret".utf8)) != hash, "two users with one password have two salts")
    }

    /// The example of https://www.rabbitmq.com/docs/passwords: salt 0x908DC60A, password `test12`.
    @Test func rabbitsHashIsUnderstood() throws {
        let hash = try #require(
            PasswordHash(rabbit: "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR", algorithm: "rabbit_password_hashing_sha256"))
        #expect(hash.matches(Array("test12".utf8)))
        #expect(!hash.matches(Array("test13".utf8)))
        #expect(PasswordHash(hash.text) == hash)
        #expect(PasswordHash(rabbit: "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR", algorithm: nil) == hash)
    }

    @Test func aNewRabbitHashMatches() {
        #expect(PasswordHash.rabbit(Array("test12".utf8)).matches(Array("test12".utf8)))
    }

    @Test func nobodyMatchesNoPassword() {
        #expect(PasswordHash("") == PasswordHash.none)
        #expect(!PasswordHash.none.matches([]))
    }

    /// Fails when the cost is not checked: reading the third one would take 16 GiB at the first login.
    @Test(arguments: [
        "secret", "$scrypt$ln=14,r=8,p=1$c2FsdA$aGFzaA", "$scrypt$ln=24,r=8,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA",
        "$scrypt$ln=14,r=0,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA", "$scrypt$r=8$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA",
        "$2b$12$abc",
        "rabbit_password_hashing_md5:kI3GCqW5JLMJa4iX1lo7X4D6XbY=", "rabbit_password_hashing_sha256:kI3G",
        "rabbit_password_hashing_sha512:!",
    ])
    func whatCannotBeVerifiedIsRefused(text: String) {
        #expect(PasswordHash(text) == nil)
    }

    /// Fails when only scrypt hashes take scrypt's time.
    @Test func unknownUsersCostTheSame() {
        // 16 MiB cannot be gone through in less; a digest alone takes a thousandth of that.
        for hash in [PasswordHash.none, PasswordHash.rabbit(Array("right".utf8))] {
            let took = ContinuousClock().measure { _ = hash.matches(Array("wrong".utf8)) }
            #expect(took > .milliseconds(3))
        }
    }
}
