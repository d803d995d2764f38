// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats
import Synchronization

/// A stream that gives pieces made beforehand and keeps what is written.
final class ScriptedStream: PeerStream {
    let protocolID: ProtocolID = "/test"
    let remotePeer = ScriptedStream.peer
    let remoteAddress = Multiaddr(components: [.memory(1)])
    let isOutbound = true
    private let pieces: Mutex<[[UInt8]]>
    private let writtenBytes = Mutex<[UInt8]>([])

    private static let peer = PrivateKey.makeEd25519().publicKey.peerID

    init(_ pieces: [[UInt8]]) { self.pieces = Mutex(pieces) }

    var written: [UInt8] { writtenBytes.withLock { $0 } }

    func read(atMost limit: Int) async throws -> [UInt8]? {
        pieces.withLock { pieces in
            guard let first = pieces.first else { return nil }
            if first.count > limit {
                pieces[0] = Array(first[limit...])
                return Array(first[..<limit])
            }
            pieces.removeFirst()
            return first
        }
    }

    func write(_ bytes: [UInt8]) async throws { writtenBytes.withLock { $0 += bytes } }
    func closeWrite() async throws {}
    func close() async {}
    func reset() {}
}
