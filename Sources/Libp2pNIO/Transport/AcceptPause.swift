// SPDX-License-Identifier: Apache-2.0

package import Logging
package import NIOCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Lets a listening socket rest while there are no descriptors or no memory for one more connection,
/// which waits in the socket's queue meanwhile.
///
/// First in the pipeline. By itself NIO keeps trying, without a pause, as long as a connection waits.
package final class AcceptPause: ChannelInboundHandler {
    /// Accepted connections.
    package typealias InboundIn = any Channel

    /// A guess: short for whoever waits, and next to no work.
    private static let duration = TimeAmount.milliseconds(100)

    private let logger: Logger
    /// Whether it was said since a connection was accepted.
    private var isTold = false

    private init(logger: Logger) { self.logger = logger }

    /// Puts one before a listening socket, which warns once until a connection is accepted again.
    package static func add(
        to listener: any Channel, logger: Logger
    ) -> EventLoopFuture<Void> {
        listener.eventLoop.makeCompletedFuture {
            try listener.pipeline.syncOperations.addHandler(AcceptPause(logger: logger))
        }
    }

    /// Whether a connection that was not accepted for this reason can be later.
    static func isPassing(_ errno: Int32) -> Bool {
        switch errno {
        case EMFILE, ENFILE, ENOBUFS, ENOMEM, ECONNABORTED: true
        default: false
        }
    }

    /// As NIO has it.
    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        isTold = false
        context.fireChannelRead(data)
    }

    /// Takes errors that pass, and hands on others.
    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let failure = error as? IOError, Self.isPassing(failure.errnoCode) else {
            return context.fireErrorCaught(error)
        }
        if !isTold {
            isTold = true
            logger.warning(
                "connections have to wait: none can be accepted",
                metadata: ["error": "\(failure)"])
        }
        let channel = context.channel
        // On its event loop, so at once; it fails only if the socket is closed.
        _ = channel.setOption(.autoRead, value: false)
        channel.eventLoop.scheduleTask(in: Self.duration) {
            _ = channel.setOption(.autoRead, value: true)
        }
    }
}
