// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats
import Synchronization
import Testing

@Suite
struct AddressBookTests {
    private let clock = HandClock()

    private func address(_ port: UInt16) -> Multiaddr {
        Multiaddr(components: [.ip4([127, 0, 0, 1]), .tcp(port)])
    }

    @Test
    func `addresses expire unless the peer is connected or they are permanent`() throws {
        let book = AddressBook(clock: clock)
        let peer = try makePeerID(1)
        book.add([address(1)], of: peer, lifetime: .seconds(10))
        book.add([address(2)], of: peer, lifetime: AddressLifetime.connected)
        book.add([address(3)], of: peer, lifetime: AddressLifetime.permanent)
        clock.advance(by: .seconds(9))
        #expect(book.addresses(of: peer) == [address(1), address(2), address(3)])
        clock.advance(by: .seconds(1))
        #expect(book.addresses(of: peer) == [address(2), address(3)])
        book.disconnected(peer)
        clock.advance(by: book.options.recentlyConnected)
        #expect(book.addresses(of: peer) == [address(3)])
    }

    @Test
    func `an address keeps the longer lifetime and loses its own peer`() throws {
        let book = AddressBook(clock: clock)
        let (peer, other) = (try makePeerID(1), try makePeerID(2))
        book.add([address(1)], of: peer, lifetime: .seconds(100))
        book.add(
            [address(1).appending(.p2p(peer)), address(2).appending(.p2p(other))], of: peer,
            lifetime: .seconds(5))
        clock.advance(by: .seconds(50))
        #expect(book.addresses(of: peer) == [address(1)])
    }

    @Test
    func `names lead as far as anyone says who gave the address`() throws {
        let book = AddressBook(clock: clock)
        let peer = try makePeerID(1)
        func names() -> [NameReach] { book.namedAddresses(of: peer).map(\.names) }
        book.add([address(1)], of: peer, lifetime: .seconds(10))
        book.add([address(2)], of: peer, lifetime: .seconds(10), names: .anywhere)
        book.add([address(3)], of: peer, lifetime: AddressLifetime.permanent)
        #expect(names() == [.internet, .anywhere, .anywhere])
        book.add([address(1)], of: peer, lifetime: .seconds(10), names: .anywhere)
        book.add([address(2)], of: peer, lifetime: .seconds(10))
        #expect(names() == [.anywhere, .anywhere, .anywhere])
        book.replace([address(1), address(2)], of: peer, lifetime: .seconds(10))
        #expect(names() == [.anywhere, .internet, .internet])
    }

    @Test
    func `addresses and protocols over the limit are dropped, the shortest-lived first`() throws {
        let book = AddressBook(
            options: AddressBookOptions(addressesPerPeer: 2, protocolsPerPeer: 3), clock: clock)
        let peer = try makePeerID(1)
        book.add([address(1)], of: peer, lifetime: .seconds(10))
        book.add([address(2)], of: peer, lifetime: .seconds(20))
        book.add([address(3)], of: peer, lifetime: .seconds(5))
        #expect(book.addresses(of: peer) == [address(1), address(2)])
        book.add([address(4)], of: peer, lifetime: .seconds(30))
        #expect(book.addresses(of: peer) == [address(2), address(4)])
        book.setProtocols(Set((0..<9).map { ProtocolID("/\($0)") }), of: peer)
        #expect(book.protocols(of: peer)?.count == 3)
    }

    @Test
    func `a full book forgets who was used longest ago and keeps the connected`() throws {
        let book = AddressBook(options: AddressBookOptions(peers: 16), clock: clock)
        let peers = try (1...40).map { try makePeerID($0) }
        for (index, peer) in peers.enumerated() {
            book.add(
                [address(UInt16(index))], of: peer,
                lifetime: index == 0 ? AddressLifetime.connected : .seconds(1_000_000))
            clock.advance(by: .seconds(1))
        }
        let known = Set(book.peers())
        #expect(known.count <= 16)
        #expect(known.contains(peers[0]))
        #expect(known.contains(peers[39]))
        #expect(!known.contains(peers[1]))
    }

    @Test
    func `a signed record replaces addresses unless it is older`() throws {
        let book = AddressBook(clock: clock)
        let key = try PrivateKey(ed25519Seed: [UInt8](repeating: 1, count: 32))
        let peer = key.publicKey.peerID
        book.add([address(9)], of: peer, lifetime: .seconds(10))
        for (sequence, port, isTaken) in [(5, 1, true), (4, 2, false), (5, 3, true)] {
            let record = PeerRecord(
                peerID: peer, sequence: UInt64(sequence), addresses: [address(UInt16(port))])
            let envelope = try record.seal(by: key)
            #expect(book.accept(envelope, of: record, lifetime: .seconds(10)) == isTaken)
            if isTaken {
                #expect(book.signedRecord(of: peer) == envelope)
                #expect(book.addresses(of: peer) == [address(UInt16(port))])
            }
        }
        #expect(book.publicKey(of: peer) == key.publicKey)
        book.forget(peer)
        #expect(book.peers().isEmpty)
    }
}

/// A clock that moves when it is told to.
final class HandClock: Clock {
    struct Instant: InstantProtocol {
        var elapsed: Duration

        func advanced(by duration: Duration) -> Instant { Instant(elapsed: elapsed + duration) }
        func duration(to other: Instant) -> Duration { other.elapsed - elapsed }
        static func < (left: Instant, right: Instant) -> Bool { left.elapsed < right.elapsed }
    }

    private let elapsed = Mutex(Duration.zero)

    var now: Instant { Instant(elapsed: elapsed.withLock { $0 }) }
    var minimumResolution: Duration { .nanoseconds(1) }

    func advance(by duration: Duration) { elapsed.withLock { $0 += duration } }

    /// Nobody sleeps on this clock.
    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        throw CancellationError()
    }
}
