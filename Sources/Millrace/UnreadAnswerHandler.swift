package import NIOCore

/// Closes the connection of a client that does not read its answer: for the server it is not idle, and it would hold its place for
/// ever.
///
/// What a client has not read is first kept by the system; only when that is full, and ours is too, does the time begin.
package final class UnreadAnswerHandler: ChannelInboundHandler, RemovableChannelHandler {
    package typealias InboundIn = NIOAny

    private let patience: TimeAmount
    private var nextLook: Scheduled<Void>?

    /// - Parameter patience: how long the client may read nothing of what waits for it.
    package init(patience: TimeAmount) { self.patience = patience }

    package func channelWritabilityChanged(context: ChannelHandlerContext) {
        nextLook?.cancel()
        nextLook = nil
        if !context.channel.isWritable { lookLater(context) }
        context.fireChannelWritabilityChanged()
    }

    package func handlerRemoved(context: ChannelHandlerContext) { nextLook?.cancel() }

    /// Closes the connection if by then no more of its answer has been read than now.
    private func lookLater(_ context: ChannelHandlerContext) {
        let waiting = Self.waiting(context)
        nextLook = context.eventLoop.assumeIsolated().scheduleTask(in: patience) { [self] in
            if Self.waiting(context) < waiting { lookLater(context) } else { context.close(promise: nil) }
        }
    }

    /// Bytes that the system has not taken.
    private static func waiting(_ context: ChannelHandlerContext) -> Int {
        (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }
}
