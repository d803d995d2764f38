// SPDX-License-Identifier: Apache-2.0

import Foundation
import KademliaDHT
import Libp2p
import Multiformats

// Announces records to DHT servers in this process that store them in SQLite, and prints how many
// a second they took. `swift run -c release DHTThroughput [RECORDS] [SERVERS]`; 300,000 and 3 by
// default. Streams are those of the network in memory: no sockets, no encryption.

/// A peer ID that nobody has the private key of.
func makePeer() throws -> PeerID {
    let key = (0..<32).map { _ in UInt8.random(in: .min ... .max) }
    return try PeerID([0x00, 0x24, 0x08, 0x01, 0x12, 0x20] + key)
}

/// A server and the file that it stores records in.
struct Server: Sendable {
    let host: MemoryHost
    let store: SQLiteProviderStore
    let dht: DHT
}

func cpuSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1_000_000_000
}

func report(_ what: String, _ count: Int, _ duration: Duration, _ cpu: Double) {
    let seconds = duration / .seconds(1)
    let rate = Int(Double(count) / seconds)
    print("\(what): \(count) records in \(seconds) s, \(cpu) s of CPU: \(rate) a second")
}

let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
let recordCount = arguments.first ?? 300_000
let serverCount = arguments.dropFirst().first ?? 3
let directory = FileManager.default.temporaryDirectory.appending(path: "dht-\(UUID().uuidString)")
try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
defer { try? FileManager.default.removeItem(at: directory) }  // the system clears what is left

let network = MemoryNetwork()
var servers: [Server] = []
for number in 0..<serverCount {
    let host = network.makeHost(try makePeer())
    let store = try await SQLiteProviderStore.open(
        at: directory.appending(path: "\(number).sqlite").path)
    servers.append(
        Server(host: host, store: store, dht: DHT(host: host, options: .isolated, store: store)))
}
let announcer = network.makeHost(try makePeer())
let dht = DHT(host: announcer, options: .isolated, store: MemoryProviderStore())
let keys = (0..<recordCount).map { _ in
    Multihash(code: .sha2_256, digest: (0..<32).map { _ in UInt8.random(in: .min ... .max) })
}
try await withThrowingTaskGroup(of: Void.self) { group in
    for server in servers { group.addTask { try await server.dht.run() } }
    while !servers.allSatisfy(\.dht.isServing) { await Task.yield() }
    let clock = ContinuousClock()
    for round in ["new", "renewed"] {
        let cpu = cpuSeconds()
        let start = clock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for server in servers {
                group.addTask {
                    let peer = PeerInfo(id: server.host.peerID, addresses: server.host.addresses)
                    for start in stride(from: 0, to: recordCount, by: 10_000) {
                        try await dht.announce(
                            keys[start..<min(start + 10_000, recordCount)], to: peer)
                    }
                    try await server.store.flush()
                }
            }
            try await group.waitForAll()
        }
        report(round, recordCount * serverCount, clock.now - start, cpuSeconds() - cpu)
    }
    for server in servers { print("stored: \(server.store.recordCount)") }
    group.cancelAll()
    try await group.waitForAll()
}
