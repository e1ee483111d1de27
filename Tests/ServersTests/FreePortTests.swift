import Servers
import Testing

struct FreePortTests {
    /// Two that start at once ask for the same port before either listens there. Fails when taking only looks whether the port is free.
    @Test("a port is taken by one, and free again afterwards")
    func takenOnce() throws {
        var first = takeOne()
        let port = try #require(first?.number)
        #expect(FreePort.take(port) == nil)
        // A server can listen there meanwhile.
        #expect(FreePort.isFree(port))
        first = nil
        #expect(FreePort.take(port) != nil)
    }

    /// A server may begin to listen long after its port was chosen. Fails when `next` only looks whether the port is free.
    @Test("a port that was given out is nobody else's")
    func givenOnce() throws {
        let port = try FreePort.next()
        #expect(FreePort.take(port) == nil)
        #expect(FreePort.isFree(port))
    }

    /// The first port of a few that can be taken: somebody else on the machine may have come first.
    private func takeOne() -> TakenPort? {
        for _ in 0..<10 {
            let port = Int.random(in: 20_000..<32_000)
            guard let taken = FreePort.take(port) else { continue }
            #expect(taken.number == port)
            return taken
        }
        return nil
    }
}
