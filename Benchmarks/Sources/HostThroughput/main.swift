// SPDX-License-Identifier: Apache-2.0

import Foundation
import Libp2p
import Libp2pNIO
import Multiformats

// Holds idle connections, then sends bytes to another process by one stream on loopback, secured by
// Noise and by TLS; prints memory, processor time and rates.
// `swift run -c release HostThroughput [MIB] [CONNECTIONS] [SECONDS]`; 512, 200 and 60 by default.

/// Takes what comes by a stream, and answers with the processor time that it took.
func runSink(_ security: ConnectionSecurity) async throws {
    let host = try makeHost([security])
    host.handle(["/sink"]) { stream in
        let start = cpuSeconds()
        while try await stream.read(atMost: 1 << 20) != nil {}
        try await stream.write(Array("\(cpuSeconds() - start)".utf8))
        try await stream.closeWrite()
    }
    try await run([host]) {
        print("\(host.peerID) \(host.addresses[0])")
        fflush(nil)
        _ = try FileHandle.standardInput.readToEnd()
    }
}

/// Dials a peer from so many hosts, half of them by TLS.
func runDialers(_ count: Int, _ peer: PeerID, at address: Multiaddr) async throws {
    let hosts = try (0..<count).map { try makeHost([$0 % 2 == 0 ? .noise : .tls]) }
    try await run(hosts) {
        for host in hosts { try await host.connect(to: peer, at: [address]) }
        print("ready")
        fflush(nil)
        _ = try FileHandle.standardInput.readToEnd()
    }
}

func send(_ mebibytes: Int, by security: ConnectionSecurity) async throws {
    let sink = try Partner(["sink", "\(security)"])
    let words = sink.line.split(separator: " ").map(String.init)
    let peer = try PeerID(text: words[0])
    let host = try makeHost([security])
    try await run([host]) {
        try await host.connect(to: peer, at: [try Multiaddr(text: words[1])])
        let stream = try await host.openStream(to: peer, for: ["/sink"])
        let chunk = [UInt8](repeating: 7, count: 1 << 20)
        let (start, cpu) = (ContinuousClock.now, cpuSeconds())
        for _ in 0..<mebibytes { try await stream.write(chunk) }
        try await stream.closeWrite()
        let answer = try await stream.read(atMost: 100) ?? []
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let rate = Int(Double(mebibytes) * 1.048576 / seconds)
        print(
            "\(security): \(mebibytes) MiB at \(rate) MB/s;",
            "CPU s: sender \(cpuSeconds() - cpu), receiver", String(decoding: answer, as: UTF8.self)
        )
    }
    try sink.end()
}

func idle(_ count: Int, _ seconds: Int) async throws {
    let host = try makeHost([.noise, .tls])
    try await run([host]) {
        let before = try residentMebibytes()
        let target = ["\(host.peerID)", "\(host.addresses[0])"]
        // The first of each kind load what all of them use.
        let first = try Partner(["dial", "2"] + target)
        let loaded = try residentMebibytes()
        let others = try Partner(["dial", "\(count)"] + target)
        let (memory, cpu) = (try residentMebibytes(), cpuSeconds())
        try await Task.sleep(for: .seconds(seconds))
        print(
            "idle: \(before) MiB, with 2 connections \(loaded),",
            "with \(host.connections.count) \(memory);",
            "\(cpuSeconds() - cpu) s of CPU in \(seconds) s")
        try others.end()
        try first.end()
    }
}

let arguments = Array(CommandLine.arguments.dropFirst())
switch arguments.first {
case "sink": try await runSink(arguments[1] == "noise" ? .noise : .tls)
case "dial":
    try await runDialers(
        Int(arguments[1]) ?? 0, try PeerID(text: arguments[2]),
        at: try Multiaddr(text: arguments[3]))
default:
    let numbers = arguments.compactMap { Int($0) }
    // First, while the process is as small as it begins.
    try await idle(numbers.dropFirst().first ?? 200, numbers.dropFirst(2).first ?? 60)
    for security in [ConnectionSecurity.noise, .tls] {
        try await send(numbers.first ?? 512, by: security)
    }
}
