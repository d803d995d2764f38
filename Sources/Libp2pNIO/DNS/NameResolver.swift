// SPDX-License-Identifier: Apache-2.0

import Glibc
import Libp2p
import Multiformats
import NIOCore
import NIOPosix

/// Turns addresses with names into such with numbers.
///
/// `dns`, `dns4` and `dns6` ask the system; `dnsaddr` asks name servers for TXT records. Where the
/// filter does not allow the name servers, nobody is asked, and only the names of this machine
/// resolve. What a stranger's name leads to, be it by numbers in TXT records, is left out unless it
/// is on the internet.
struct NameResolver: Sendable {
    /// The most addresses that come out, as in go-libp2p.
    static let maximumAddressCount = 100
    /// How often a `dnsaddr` may lead to another, a little less than in go-libp2p's limit of 32,
    /// which says where it ends rather than what is of use.
    static let maximumDepth = 4
    /// The most names that are asked for: strangers say which, and they may be slow on purpose.
    static let maximumNameCount = 16
    /// For how long more names are asked for, and how long the system has for one.
    private static let allowance = Duration.seconds(10)
    private static let systemAllowance = TimeAmount.seconds(5)
    /// Threads of its own, as the system blocks; all that dial share them.
    private static let threads: NIOThreadPool = {
        let threads = NIOThreadPool(numberOfThreads: 8)
        threads.start()
        return threads
    }()

    private let client: DNSClient
    private let mayAsk: Bool
    /// Where the names of strangers may lead.
    private let names: NameReach
    private let eventLoops: any EventLoopGroup

    init(
        nameServers: [String], filter: AddressFilter, names: NameReach,
        eventLoops: any EventLoopGroup
    ) {
        let named = nameServers.compactMap(Self.parse)
        let servers = nameServers.isEmpty ? Self.systemServers() : named
        let allowed = servers.filter { $0.ipBytes.map { filter.allows($0) } ?? false }
        client = DNSClient(servers: allowed, eventLoops: eventLoops)
        mayAsk = allowed.count == servers.count
        self.names = names
        self.eventLoops = eventLoops
    }

    /// What of `addresses` of `peer` can be dialled here, names resolved.
    ///
    /// Addresses that name another peer, and names that do not resolve, are left out; so are those
    /// after ``maximumNameCount``, and after 10 s.
    func resolve(_ addresses: [NamedAddress], for peer: PeerID) async -> [DialTarget] {
        var targets: [DialTarget] = []
        var queue = addresses.map { (named: $0, depth: 0) }[...]
        var seen: Set<NamedAddress> = []
        let start = ContinuousClock.now
        var nameCount = 0
        func mayAskMore() -> Bool {
            nameCount += 1
            return nameCount <= Self.maximumNameCount
                && start.duration(to: .now) < Self.allowance
        }
        while let (named, depth) = queue.popFirst(), targets.count < Self.maximumAddressCount {
            let address = named.address
            guard seen.count < Self.maximumAddressCount, seen.insert(named).inserted,
                address.peerID.map({ $0 == peer }) ?? true
            else { continue }
            if case .dnsaddr(let name)? = address.components.first {
                guard depth < Self.maximumDepth, mayAskMore() else { continue }
                queue += await records(of: name, for: peer).map { record in
                    (NamedAddress(record, names: named.names), depth + 1)
                }
            } else if let place = TransportAddress(address) {
                var isNamed = depth > 0
                if case .name = place.place {
                    guard mayAskMore() else { continue }
                    isNamed = true
                }
                let mustBePublic = isNamed && named.names == .internet && names == .internet
                targets += await self.targets(for: place).filter {
                    !mustBePublic || $0.address.isPublic
                }
            }
        }
        return Array(targets.prefix(Self.maximumAddressCount))
    }

    private func targets(for place: TransportAddress) async -> [DialTarget] {
        let ips: [[UInt8]] =
            switch place.place {
            case .ip(let ip): [ip]
            case .name(let name, let byteCount): await look(up: name, byteCount: byteCount)
            }
        return ips.map { ip in
            let base: [Multiaddr.Component] = [
                ip.count == 4 ? .ip4(ip) : .ip6(ip), .tcp(place.port),
            ]
            return DialTarget(
                address: Multiaddr(components: base + place.suffix), ip: ip, port: place.port,
                transport: place.transport, authority: place.authority)
        }
    }

    /// The addresses in the TXT records of `_dnsaddr.name` that are those of `peer`.
    private func records(of name: String, for peer: PeerID) async -> [Multiaddr] {
        let prefix = Array("dnsaddr=".utf8)
        return await client.text(of: "_dnsaddr." + name).compactMap { record in
            guard record.starts(with: prefix) else { return nil }
            let text = String(decoding: record.dropFirst(prefix.count), as: UTF8.self)
            // Others' records may hold anything.
            guard let address = try? Multiaddr(text: text), address.peerID == peer else {
                return nil
            }
            return address
        }
    }

    private func look(up name: String, byteCount: Int?) async -> [[UInt8]] {
        let isLocal = name == "localhost" || name.hasSuffix(".localhost")
        guard mayAsk || isLocal else { return [] }
        let loop = eventLoops.next()
        let answer = loop.makePromise(of: [[UInt8]].self)
        // Whichever comes first counts.
        let deadline = loop.scheduleTask(in: Self.systemAllowance) { answer.succeed([]) }
        Self.threads.submit { state in
            answer.succeed(state == .active ? Self.system(name) : [])
        }
        // A name that does not resolve has no addresses, whatever the reason.
        let ips = try? await answer.futureResult.get()
        deadline.cancel()
        return (ips ?? []).filter { byteCount == nil || $0.count == byteCount }
    }

    /// Asks the system; blocks.
    private static func system(_ name: String) -> [[UInt8]] {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(name, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var ips: [[UInt8]] = []
        var next = list
        while let info = next, ips.count < maximumAddressCount {
            defer { next = info.pointee.ai_next }
            guard let address = info.pointee.ai_addr else { continue }
            let bytes = SocketAddress.ipBytes(
                of: UnsafeRawBufferPointer(start: address, count: Int(info.pointee.ai_addrlen)))
            if let bytes, !ips.contains(bytes) { ips.append(bytes) }
        }
        return ips
    }

    /// The name servers in `/etc/resolv.conf`, at most three as the system itself takes.
    private static func systemServers() -> [SocketAddress] {
        guard let file = fopen("/etc/resolv.conf", "r") else { return [] }
        defer { fclose(file) }
        var text = [UInt8](repeating: 0, count: 64 << 10)
        let count = fread(&text, 1, text.count, file)
        let lines = String(decoding: text.prefix(count), as: UTF8.self).split(separator: "\n")
        let servers = lines.compactMap { line -> SocketAddress? in
            let words = line.split { $0 == " " || $0 == "\t" }
            guard words.count >= 2, words[0] == "nameserver" else { return nil }
            return parse(String(words[1]))
        }
        return Array(servers.prefix(3))
    }

    /// Reads `address`, `address:port` or `[address]:port`.
    static func parse(_ text: String) -> SocketAddress? {
        // What is no address is not asked.
        if let address = try? SocketAddress(ipAddress: text, port: 53) { return address }
        // A larger port would trap.
        guard let colon = text.lastIndex(of: ":"),
            let port = UInt16(text[text.index(after: colon)...])
        else { return nil }
        let host = text[..<colon].filter { $0 != "[" && $0 != "]" }
        // Nor here.
        return try? SocketAddress(ipAddress: host, port: Int(port))
    }
}
