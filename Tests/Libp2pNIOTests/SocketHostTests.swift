// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Libp2pNIO
import Logging
import Multiformats
import Synchronization
import Testing

@Suite(.serialized)
struct SocketHostTests {
    @Test(arguments: ConnectionSecurity.allCases)
    func `two hosts connect, identify, ping and exchange bytes`(
        _ security: ConnectionSecurity
    ) async throws {
        try await withHosts(configure: { options, _ in options.securities = [security] }) {
            near, far in
            far.handle(["/echo"]) { stream in
                while let bytes = try await stream.read(atMost: 1 << 20) {
                    try await stream.write(bytes)
                }
            }
            let identified = Events(of: near)
            try await near.connect(to: far.peerID, at: far.addresses)
            #expect(near.isConnected(to: far.peerID))
            let connection = try #require(near.connections.first)
            #expect(connection.security == security)
            #expect(!connection.isInbound)
            let protocols = try await identified.protocols(of: far.peerID)
            #expect(protocols.contains("/echo"))
            #expect(near.addressBook.addresses(of: far.peerID) == far.addresses)
            #expect(near.addressBook.signedRecord(of: far.peerID) != nil)
            #expect(try await near.ping(far.peerID) > .zero)
            let stream = try await near.openStream(to: far.peerID, for: ["/none", "/echo"])
            #expect(stream.protocolID == "/echo")
            let sent = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            async let written: Void = {
                try await stream.write(sent)
                try await stream.closeWrite()
            }()
            var received: [UInt8] = []
            while let bytes = try await stream.read(atMost: 1 << 20) { received += bytes }
            try await written
            #expect(received == sent)
            await stream.close()
        }
    }
}
