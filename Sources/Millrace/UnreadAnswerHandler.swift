package import NIOCore

/// Closes the connection of a client that does not read its answer: for the server it is not idle, and it would hold its place for
/// ever.
///
/// What a client has not read is first kept by the system; only when that is full, and ours is too, does the time begin.
package final class UnreadAnswerHandler: ChannelInboundHandler, RemovableChannelHandler {
    package typealias InboundIn = NIOAny

    private let patience: TimeAmount
    private var closing: Scheduled<Void>?

    /// - Parameter patience: how long the client may read nothing of what waits for it.
    package init(patience: TimeAmount) { self.patience = patience }

    package func channelWritabilityChanged(context: ChannelHandlerContext) {
        closing?.cancel()
        closing = nil
        if !context.channel.isWritable {
            let channel = context.channel
            closing = context.eventLoop.scheduleTask(in: patience) { channel.close(promise: nil) }
        }
        context.fireChannelWritabilityChanged()
    }

    package func handlerRemoved(context: ChannelHandlerContext) { closing?.cancel() }
}
