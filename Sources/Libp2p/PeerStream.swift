// SPDX-License-Identifier: Apache-2.0

public import Multiformats

/// A stream to a peer, on which both sides agreed to speak one protocol.
///
/// At most one task reads and one writes at a time. Both halves end apart: ``closeWrite()`` says
/// "no more from me". Whoever holds a stream ends it by ``close()`` or ``reset()``; a handler's
/// stream is ended for it when the handler returns (closed) or throws (reset).
public protocol PeerStream: AnyObject, Sendable {
    /// What is spoken.
    var protocolID: ProtocolID { get }
    /// Who is at the other end, as its handshake proved.
    var remotePeer: PeerID { get }
    /// Where the other end is, without `/p2p`.
    var remoteAddress: Multiaddr { get }
    /// Whether this side opened the stream.
    var isOutbound: Bool { get }

    /// Where a task that reads the stream is best run if it does little between reads, some
    /// microseconds; nil for anywhere.
    ///
    /// Such a task is handed what arrives without a change of threads, but holds up other streams
    /// while it works.
    var executor: (any TaskExecutor)? { get }

    /// Waits for bytes: at least one, at most `limit`; nil once the peer has closed its half.
    ///
    /// - Throws: ``PeerStreamError``; `CancellationError`, after which the stream can still be
    ///   used.
    func read(atMost limit: Int) async throws -> [UInt8]?

    /// Sends all of `bytes`; suspends while the peer's window is full.
    ///
    /// - Throws: ``PeerStreamError``; `CancellationError`, after which the stream must be reset.
    func write(_ bytes: [UInt8]) async throws

    /// Ends this side's half after what was written; the other half can still be read.
    func closeWrite() async throws

    /// Ends both halves; what was written still arrives, what was not read is dropped.
    func close() async

    /// Ends the stream at once; the peer's reads and writes fail.
    func reset()
}

extension PeerStream {
    /// Anywhere.
    public var executor: (any TaskExecutor)? { nil }
}

/// Why a stream can no longer be used.
public enum PeerStreamError: Error, Hashable, Sendable {
    /// The peer, or this side, reset the stream.
    case reset
    /// This side had closed its half before it wrote.
    case closed
    /// The connection below ended.
    case connectionClosed
    /// What was read breaks a limit or a format; `what` says which.
    case malformed(String)
}
