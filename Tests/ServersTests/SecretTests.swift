import Servers
import Testing

@Suite("Secrets") struct SecretTests {
    @Test("SHA-256 agrees with the examples of FIPS 180-4")
    func digest() {
        #expect(SHA256.hex([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(SHA256.hex(Array("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        let long = Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8)
        #expect(SHA256.hex(long) == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
        let million = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
        #expect(SHA256.hex(million) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    @Test("a password is stored the way RabbitMQ stores it")
    func rabbitHash() {
        // The example of https://www.rabbitmq.com/docs/passwords: password `test12`, salt 0x908DC60A.
        #expect(Secret.rabbitHash("test12", salt: [0x90, 0x8D, 0xC6, 0x0A]) == "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR")
    }

    @Test("secrets are long, differ, and are kept with mode 0600")
    func kept() throws {
        #expect(Secret.random() != Secret.random())
        #expect(Secret.random(length: 40).count == 40)
        let folder = try TemporaryDirectory.make()
        defer { TemporaryDirectory.remove(folder) }
        let first = try Secret.kept(in: folder + "/secret")
        #expect(try Secret.kept(in: folder + "/secret") == first)
        #expect(mode(of: folder + "/secret") == 0o600)
    }
}
