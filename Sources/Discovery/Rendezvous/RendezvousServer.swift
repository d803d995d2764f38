// SPDX-License-Identifier: Apache-2.0

public import Libp2p
public import Logging
import Multiformats
import Synchronization

/// Serves rendezvous to the peers of a host: they register under namespaces, and find each other.
///
/// All is in memory: registrations live for hours, and their owners renew them.
public final class RendezvousServer: Sendable {
    /// The longest request: a record in its envelope, and a namespace.
    static let maximumRequestByteCount = SignedEnvelope.maximumByteCount + 2_048
    /// A stream on which nothing arrives for this long is reset.
    private static let idleTimeout = Duration.seconds(60)

    private let host: any Host
    private let logger: Logger
    private let elapsed: @Sendable () -> Duration
    private let sleep: @Sendable (Duration) async throws -> Void
    private let registry: Mutex<RendezvousRegistry>

    /// A server that answers once it is run.
    public init(
        host: any Host, limits: RendezvousLimits = RendezvousLimits(), logger: Logger,
        clock: some Clock<Duration> = ContinuousClock()
    ) {
        self.host = host
        self.logger = logger
        elapsed = ElapsedTime(clock).now
        sleep = { try await clock.sleep(for: $0) }
        registry = Mutex(
            RendezvousRegistry(limits: limits, instance: .random(in: 0...UInt64.max)))
    }

    /// How many registrations there are.
    public var registrationCount: Int { registry.withLock { $0.count } }

    /// Answers until it is cancelled.
    public func run() async throws {
        host.handle([.rendezvous], limits: StreamLimits(perPeer: 4, total: 256)) { [self] stream in
            try await serve(stream)
        }
        defer { host.stopHandling([.rendezvous]) }
        while true { try await sleep(.seconds(3_600)) }
    }

    private func serve(_ stream: any PeerStream) async throws {
        var reader = MessageReader(stream, maximumByteCount: Self.maximumRequestByteCount)
        while true {
            // The reader is handed over and back, as the watch runs beside it.
            let (bytes, next) = try await within(Self.idleTimeout, sleep, stream) { [reader] in
                var reader = reader
                let bytes = try await reader.next()
                return (bytes, reader)
            }
            guard let bytes else { return }
            reader = next
            let message: RendezvousMessage
            do { message = try RendezvousMessage(protobuf: bytes) } catch {
                throw PeerStreamError.malformed("rendezvous: \(error)")
            }
            let answer = try registry.withLock { registry throws(RendezvousError) in
                try registry.handle(message, from: stream.remotePeer, now: elapsed())
            }
            if let answer {
                try await within(Self.idleTimeout, sleep, stream) {
                    try await stream.writeMessage(answer.protobuf)
                }
            }
        }
    }
}

/// Runs `body`, and resets the stream if it takes longer than `limit`.
func within<Result: Sendable>(
    _ limit: Duration, _ sleep: @escaping @Sendable (Duration) async throws -> Void,
    _ stream: any PeerStream, _ body: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    try await withThrowingTaskGroup(of: Result?.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await sleep(limit)
            return nil
        }
        defer { group.cancelAll() }
        guard let first = try await group.next(), let result = first else {
            stream.reset()
            throw RendezvousError(.timedOut, "nothing happened for \(limit)")
        }
        return result
    }
}
