import Servers
import Testing

struct FreePortTests {
    /// Two that start at once ask for the same port before either listens there. Fails when taking only looks whether the port is free.
    @Test("a port is taken by one, and free again afterwards")
    func takenOnce() throws {
        var first = try takeOne()
        let port = try #require(first?.number)
        #expect(FreePort.take(port) == nil)
        // A server can listen there meanwhile.
        #expect(FreePort.isFree(port))
        first = nil
        #expect(FreePort.take(port) != nil)
    }

    /// The first port of a few that can be taken: somebody else on the machine may have come first.
    private func takeOne() throws -> TakenPort? {
        for _ in 0..<10 {
            let port = try FreePort.next()
            guard let taken = FreePort.take(port) else { continue }
            #expect(taken.number == port)
            return taken
        }
        return nil
    }
}
