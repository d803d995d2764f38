// SPDX-License-Identifier: Apache-2.0

import Foundation
import Libp2p
import Libp2pNIO
import Logging
import Multiformats

/// The other process: this program again, told by its arguments what to be.
///
/// It prints one line when it is ready, and ends with its standard input.
struct Partner: ~Copyable {
    private let process = Process()
    private let input = Pipe()
    /// What it printed.
    let line: String

    init(_ arguments: [String]) throws {
        let output = Pipe()
        process.executableURL = URL(filePath: "/proc/self/exe")
        process.arguments = arguments
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        var bytes: [UInt8] = []
        while bytes.last != 0x0a, let byte = try output.fileHandleForReading.read(upToCount: 1) {
            bytes += byte
        }
        line = String(decoding: bytes.dropLast(), as: UTF8.self)
    }

    consuming func end() throws {
        try input.fileHandleForWriting.close()
        process.waitUntilExit()
    }
}

/// A host on loopback that speaks to peers in these ways.
func makeHost(_ securities: [ConnectionSecurity]) throws -> SocketHost {
    var options = SocketHostOptions()
    options.listenAddresses = [try Multiaddr(text: "/ip4/127.0.0.1/tcp/0")]
    options.filter.allowedNetworks = IPNetwork("127.0.0.0/8").map { [$0] } ?? []
    options.securities = securities
    options.waterMarks = ConnectionWaterMarks(low: 10_000, high: 10_000)
    options.limits.connections = 10_000
    options.limits.inboundConnections = 10_000
    return try SocketHost(
        identity: .makeEd25519(), options: options, logger: Logger(label: "benchmark"))
}

/// Runs hosts while `body` runs.
func run(_ hosts: [SocketHost], _ body: () async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        for host in hosts { group.addTask { try await host.run() } }
        for host in hosts { try await host.waitUntilListening() }
        try await body()
        group.cancelAll()
        try await group.waitForAll()
    }
}

func cpuSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1_000_000_000
}

/// Mebibytes of this process that are in memory.
func residentMebibytes() throws -> Double {
    let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(
        separator: " ")
    return pages.dropFirst().first.flatMap { Double($0) }.map { $0 * 4096 / 1_048_576 } ?? 0
}
