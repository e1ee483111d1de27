import Millrace
import NIOCore
import NIOEmbedded
import Testing

@Suite("A client that does not read its answers")
struct UnreadAnswerHandlerTests {
    private func withChannel(_ body: (EmbeddedChannel) throws -> Void) throws {
        let channel = EmbeddedChannel(handler: UnreadAnswerHandler(patience: .seconds(30)))
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        try body(channel)
        _ = try? channel.finish(acceptAlreadyClosed: true)
    }

    private func set(_ channel: EmbeddedChannel, writable: Bool) {
        channel.isWritable = writable
        channel.pipeline.fireChannelWritabilityChanged()
    }

    /// Fails when nothing is scheduled.
    @Test("is cut off when its time is over, and not before")
    func isCutOff() throws {
        try withChannel { channel in
            set(channel, writable: false)
            channel.embeddedEventLoop.advanceTime(by: .seconds(29))
            #expect(channel.isActive)
            channel.embeddedEventLoop.advanceTime(by: .seconds(1))
            #expect(!channel.isActive)
        }
    }

    /// Fails when it is not asked how much is left.
    @Test("one that reads slowly keeps its connection as long as it reads")
    func readsSlowly() throws {
        try withChannel { channel in
            func leave(_ bytes: Int) {
                channel.flush()
                channel.write(ByteBuffer(repeating: 1, count: bytes), promise: nil)
            }
            leave(5)
            set(channel, writable: false)
            for left in [4, 3, 2] {
                leave(left)
                channel.embeddedEventLoop.advanceTime(by: .seconds(30))
                #expect(channel.isActive)
            }
            channel.embeddedEventLoop.advanceTime(by: .seconds(30))
            #expect(!channel.isActive)
        }
    }

    /// Fails when what was scheduled is not called off.
    @Test("one that goes on reading keeps its connection")
    func goesOn() throws {
        try withChannel { channel in
            for _ in 0..<5 {
                set(channel, writable: false)
                channel.embeddedEventLoop.advanceTime(by: .seconds(20))
                set(channel, writable: true)
                channel.embeddedEventLoop.advanceTime(by: .seconds(20))
            }
            #expect(channel.isActive)
        }
    }
}
