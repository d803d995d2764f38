// SPDX-License-Identifier: Apache-2.0

// How fast the announcer gets provider records to DHT servers.
//
//     ProvideThroughput DIRECTORY [CIDS] [SERVERS] [RESTARTS]
//
// 1,000,000 CIDs, 100 servers and 1 restart unless told. The servers are whole ones, with routing
// tables and record stores in memory, on the network in memory: all is this one process, so the
// figure includes what the servers do. The catalog lies in DIRECTORY, which must exist. Fails if a
// record is missing or was sent twice.

import BlockStore
import Catalog
import Foundation
import IPLD
import KademliaDHT
import Libp2p
import Logging
import Multiformats
import Provide

/// User and system time of this process so far, in seconds.
func cpuSeconds() -> Double {
    var usage = rusage()
    getrusage(0, &usage)
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    return seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

/// Made-up packs: the multihashes of each follow from its number.
struct MadeUpPacks: AnnounceSource {
    struct NoBlock: Error {}

    static let blockCount = 65_536
    let total: Int

    var packCount: Int { (total + Self.blockCount - 1) / Self.blockCount }

    func id(_ number: Int) -> PackID {
        PackID.make(milliseconds: 1_800_000_000_000 + UInt64(number), random: (0, UInt64(number)))
    }

    func multihashes(_ number: Int) -> [[UInt8]] {
        (number * Self.blockCount..<min((number + 1) * Self.blockCount, total)).map { block in
            var state = UInt64(block) &* 0x9e37_79b9_7f4a_7c15
            var bytes: [UInt8] = [0x12, 0x20]
            for _ in 0..<4 {
                state &+= 0x9e37_79b9_7f4a_7c15
                var word = (state ^ state >> 30) &* 0xbf58_476d_1ce4_e5b9
                word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
                word ^= word >> 31
                withUnsafeBytes(of: word.bigEndian) { bytes.append(contentsOf: $0) }
            }
            return bytes
        }
    }

    func multihashes(of pack: PackRecord) async throws -> [[UInt8]] {
        multihashes(Int(pack.createdAtMilliseconds))
    }

    func block(_ cid: CID) async throws -> Block { throw NoBlock() }

    func commit(to catalog: SQLiteCatalog) async throws {
        for number in 0..<packCount {
            let blocks = multihashes(number).enumerated().map {
                NewBlock(multihash: $0.element, ordinal: UInt32($0.offset))
            }
            try await catalog.commit(
                PackRecord(
                    id: id(number), kind: .leaves, tier: .hot, blockCount: blocks.count,
                    byteCount: 0, storedByteCount: 0, createdAtMilliseconds: Int64(number)),
                blocks: blocks)
        }
    }
}

let arguments = CommandLine.arguments
guard arguments.count > 1 else {
    print("usage: ProvideThroughput DIRECTORY [CIDS] [SERVERS] [RESTARTS]")
    exit(2)
}
let numbers = arguments.dropFirst(2).compactMap { Int($0) }
let cidCount = numbers.first ?? 1_000_000
let serverCount = numbers.dropFirst().first ?? 100
let restartCount = numbers.dropFirst(2).first ?? 1
let quiet = Logger(label: "benchmark") { _ in SwiftLogNoOpLogHandler() }

func peer(_ number: Int) throws -> PeerID {
    try PeerID(
        Multihash(
            code: .sha2_256, digest: AnnounceKey(hashing: Array("peer \(number)".utf8)).bytes))
}

let network = MemoryNetwork()
let servers = try (1...serverCount).map { number in
    DHT(
        host: network.makeHost(try peer(number)), options: .isolated,
        store: MemoryProviderStore(), logger: quiet)
}
var clientOptions = DHTOptions.isolated
clientOptions.mode = .client
let client = DHT(
    host: network.makeHost(try peer(0)), options: clientOptions, store: MemoryProviderStore(),
    logger: quiet)
let packs = MadeUpPacks(total: cidCount)
let catalog = try await SQLiteCatalog.open(at: arguments[1] + "/catalog.sqlite")
try await packs.commit(to: catalog)

try await withThrowingTaskGroup(of: Void.self) { group in
    for dht in servers + [client] { group.addTask { try await dht.run() } }
    // Each meets the next ones and the client; refreshes bring the others.
    for (index, dht) in servers.enumerated() {
        for step in [1, 2, 3, 5, 8, 13, 21, 34, 55] {
            let other = servers[(index + step) % serverCount].host
            if other.peerID == dht.host.peerID { continue }
            try await dht.host.connect(to: other.peerID, at: other.addresses)
        }
        try await client.host.connect(to: dht.host.peerID, at: dht.host.addresses)
    }
    while client.tablePeers.count < min(serverCount, 20) {
        try await Task.sleep(for: .milliseconds(10))
    }
    for dht in servers { _ = try await dht.closestPeers(to: dht.host.peerID.bytes) }

    let wanted = cidCount * min(serverCount, 20)
    let filler = Announcer(
        network: DHTProvideNetwork(client), catalog: catalog, source: packs, logger: quiet)
    _ = try await filler.status()
    let start = (ContinuousClock.now, cpuSeconds())
    var sent = 0
    var lookups = 0
    for part in 0...restartCount {
        let announcer = Announcer(
            network: DHTProvideNetwork(client), catalog: catalog, source: packs, logger: quiet)
        try await withThrowingTaskGroup(of: Void.self) { parts in
            parts.addTask {
                try await announcer.runOnce()
            }
            if part < restartCount {
                let goal = wanted * (part + 1) / (restartCount + 1)
                while sent + (try await announcer.status()).recordCount < goal {
                    try await Task.sleep(for: .milliseconds(50))
                }
                announcer.stop()
            }
            try await parts.waitForAll()
        }
        let status = try await announcer.status()
        sent += status.recordCount
        lookups += status.lookupCount
        let seconds = (ContinuousClock.now - start.0) / .seconds(1)
        print(
            "part \(part + 1): \(status.recordCount) records, \(status.lookupCount) lookups, "
                + "\(status.regionCount) regions; \(Int(seconds)) s so far")
    }
    let seconds = (ContinuousClock.now - start.0) / .seconds(1)
    let cpu = cpuSeconds() - start.1
    var stored = 0
    for dht in servers { stored += try await dht.store.recordCount }
    print(
        """
        \(cidCount) CIDs, \(serverCount) servers, \(restartCount) restarts: \(sent) records sent, \
        \(stored) stored, \(wanted) wanted; \(lookups) lookups
        \(String(format: "%.1f", seconds)) s with filling the catalog's queue, \
        \(Int(Double(sent) / seconds)) records/s; processor time \
        \(String(format: "%.1f", cpu)) s, \(Int(Double(sent) / cpu)) records per second of it
        """)
    guard sent == wanted, stored == wanted else { exit(1) }
    group.cancelAll()
}
