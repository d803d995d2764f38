// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats

/// What a peer says and hears on multicast DNS; a value that does no I/O, told the time since an
/// arbitrary start.
///
/// Spec: <https://github.com/libp2p/specs/blob/master/discovery/mdns.md>.
struct MDNSMachine {
    /// What a packet led to.
    struct Reaction: Hashable, Sendable {
        /// To be sent to the group.
        var multicast: [UInt8]?
        /// To be sent to whoever sent the packet.
        var unicast: [UInt8]?
        /// Peers that the packet tells of.
        var found: [PeerInfo] = []
    }

    /// Packets stay below this.
    static let packetByteCount = 1_500
    /// The most peers and addresses of each that are taken from a packet.
    static let maximumPeerCount = 32
    static let maximumAddressCount = 16
    /// The group gets the same answer at most so often (RFC 6762, section 6).
    static let answerInterval = Duration.seconds(1)
    /// Seconds that an answer may be remembered.
    private static let lifetime: UInt32 = 120
    private static let addressKey = Array("dnsaddr=".utf8)

    let peerID: PeerID
    private let service: DNSName
    private let instance: DNSName
    private let hostName: DNSName
    private var addresses: [Multiaddr] = []
    private var lastAnswer: [DNSName: Duration] = [:]

    /// A peer that tells of no address yet.
    ///
    /// - Parameters:
    ///   - name: random, 32 to 63 characters of a to z and 0 to 9; another one on each start.
    ///   - network: the fingerprint of a private network's key, in base 16; nil for the public one.
    init(peerID: PeerID, name: String, network: String? = nil) {
        let service = DNSName("_p2p\(network.map { "-" + $0 } ?? "")._udp.local")
        guard let service, let local = DNSName("p2p.local"),
            let instance = DNSName(name, in: service),
            let hostName = DNSName(name, in: local)
        else { preconditionFailure("no names for \(name) in \(network ?? "")") }
        self.peerID = peerID
        self.service = service
        self.instance = instance
        self.hostName = hostName
    }

    /// A random name.
    static func makeName(using generator: inout some RandomNumberGenerator) -> String {
        let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789")
        return String(
            (0..<Int.random(in: 32...63, using: &generator)).map { _ in
                letters[Int.random(in: 0..<letters.count, using: &generator)]
            })
    }

    /// Tells of these addresses from now on, as far as peers on the same network can dial them.
    mutating func setAddresses(_ addresses: [Multiaddr]) {
        self.addresses = addresses.filter(Self.isLocal)
    }

    /// Whether an address is for multicast DNS: an IP address or a name under `.local`, and nothing
    /// that browsers or relays speak.
    static func isLocal(_ address: Multiaddr) -> Bool {
        let components = address.components
        switch components.first {
        case .ip4, .ip6: break
        case .dns(let name), .dns4(let name), .dns6(let name):
            guard name.lowercased().hasSuffix(".local") else { return false }
        default: return false
        }
        guard !address.isUnspecified else { return false }
        return components.allSatisfy { component in
            switch component {
            case .p2pCircuit, .ws, .wss, .webtransport, .http, .https: false
            // webrtc-direct and webrtc.
            case .other(let code, _): code.rawValue != 280 && code.rawValue != 281
            default: true
            }
        }
    }

    /// The question who is there.
    var query: [UInt8] {
        DNSMessage(
            isResponse: false,
            questions: [.init(name: service, type: DNSMessage.RecordType.ptr)]
        ).encode()
    }

    /// Takes a packet that `informant` sent; addresses that it cannot know are left out.
    ///
    /// - Throws: ``DNSMessageError`` for what is no DNS.
    mutating func receive(
        _ packet: [UInt8], from informant: Informant, at now: Duration
    ) throws(DNSMessageError) -> Reaction {
        let message = try DNSMessage(packet)
        return message.isResponse ? learn(message, from: informant) : answer(message, at: now)
    }

    private func learn(_ message: DNSMessage, from informant: Informant) -> Reaction {
        var order: [PeerID] = []
        var found: [PeerID: [Multiaddr]] = [:]
        for record in message.answers + message.additionals {
            guard record.name.isChild(of: service), case .text(let strings) = record.content else {
                continue
            }
            for string in strings where string.starts(with: Self.addressKey) {
                guard
                    let text = String(
                        validating: string.dropFirst(Self.addressKey.count), as: UTF8.self),
                    // What cannot be read may be of a newer kind.
                    let address = try? Multiaddr(text: text), let peer = address.peerID,
                    peer != peerID, informant.mayKnow(address)
                else { continue }
                if found[peer] == nil {
                    guard order.count < Self.maximumPeerCount else { continue }
                    order.append(peer)
                }
                let bare = address.withoutPeerID()
                if found[peer, default: []].count < Self.maximumAddressCount,
                    found[peer]?.contains(bare) != true
                {
                    found[peer, default: []].append(bare)
                }
            }
        }
        return Reaction(found: order.map { PeerInfo(id: $0, addresses: found[$0] ?? []) })
    }

    private mutating func answer(_ message: DNSMessage, at now: Duration) -> Reaction {
        guard !addresses.isEmpty else { return Reaction() }
        var reaction = Reaction()
        var response = DNSMessage(id: 0, isResponse: true)
        var unicast = DNSMessage(id: message.id, isResponse: true)
        for question in message.questions.prefix(16) {
            let (answers, additionals) = records(for: question)
            guard !answers.isEmpty else { continue }
            if question.wantsUnicast {
                unicast.answers += answers
                unicast.additionals += additionals
                continue
            }
            if let last = lastAnswer[question.name], now - last < Self.answerInterval { continue }
            // Only names of this peer get here, of which there are four.
            lastAnswer[question.name] = now
            response.answers += answers
            response.additionals += additionals
        }
        if !response.answers.isEmpty { reaction.multicast = Self.packet(response) }
        if !unicast.answers.isEmpty { reaction.unicast = Self.packet(unicast) }
        return reaction
    }

    /// The packet, with as many strings of addresses as fit.
    private static func packet(_ message: DNSMessage) -> [UInt8] {
        var message = message
        while true {
            let packet = message.encode()
            if packet.count <= packetByteCount { return packet }
            if case .text(let strings)? = message.additionals.first?.content, strings.count > 1 {
                message.additionals[0].content = .text(strings.dropLast())
            } else if !message.additionals.isEmpty {
                message.additionals.removeLast()
            } else if message.answers.count > 1 {
                message.answers.removeLast()
            } else {
                return packet
            }
        }
    }

    private func records(
        for question: DNSMessage.Question
    ) -> (answers: [DNSMessage.Record], additionals: [DNSMessage.Record]) {
        let isAny = question.type == DNSMessage.RecordType.any
        func asks(_ type: UInt16) -> Bool { isAny || question.type == type }
        func record(
            _ name: DNSName, _ content: DNSMessage.Record.Content, isUnique: Bool = true
        ) -> DNSMessage.Record {
            .init(name: name, lifetime: Self.lifetime, content: content, isUnique: isUnique)
        }
        let text = record(instance, .text(strings))
        // The port and the host's addresses are for other programs; libp2p reads the text alone.
        let place = record(
            instance, .service(priority: 0, weight: 0, port: 4_001, host: hostName))
        switch question.name {
        case service where asks(DNSMessage.RecordType.ptr):
            return ([record(service, .pointer(instance), isUnique: false)], [text])
        case DNSName("_services._dns-sd._udp.local") where asks(DNSMessage.RecordType.ptr):
            return ([record(question.name, .pointer(service), isUnique: false)], [])
        case instance:
            return (
                (asks(DNSMessage.RecordType.txt) ? [text] : [])
                    + (asks(DNSMessage.RecordType.srv) ? [place] : []), []
            )
        case hostName:
            return (
                hostAddresses.filter { asks($0.count == 4 ? 1 : DNSMessage.RecordType.aaaa) }
                    .map { record(hostName, .address($0)) }, []
            )
        default: return ([], [])
        }
    }

    private var strings: [[UInt8]] {
        addresses.map { Self.addressKey + Array("\($0.appending(.p2p(peerID)))".utf8) }
            .filter { $0.count <= 255 }
    }

    private var hostAddresses: [[UInt8]] {
        var found: [[UInt8]] = []
        for address in addresses {
            switch address.components.first {
            case .ip4(let bytes), .ip6(let bytes): if !found.contains(bytes) { found.append(bytes) }
            default: continue
            }
        }
        return found
    }
}
