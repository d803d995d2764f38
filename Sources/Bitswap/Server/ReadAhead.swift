// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats

/// Guesses which blocks peers ask for next, and keeps them at hand.
///
/// Who walks a DAG asks for a block, waits for it, and asks for one of those that it links to, in
/// their order. So what a block links to is noted when it is sent. Once a peer asks for a link, those
/// behind it are read, first a few, then more with each guess that was right: a look-up and a read
/// of the disk for many blocks, instead of each while the peer waits.
///
/// Does no I/O: whoever holds one reads what ``next(for:)`` names, and gives it to ``hold(_:of:for:)``.
struct ReadAhead {
    /// Links to the same block's neighbours that a want may skip and still count as the next one.
    private static let skippedLinkLimit = 16
    /// Blocks with links that are noted for a peer: deeper than most directories are nested.
    private static let nodeLimit = 8
    /// Links noted for all peers, some 7 MiB.
    static let linkLimit = 65_536
    /// Peers of which anything is noted.
    static let peerLimit = 256

    /// What was asked to be read: the links of one node.
    struct Reading {
        let node: Int
        let cids: [CID]
    }

    /// A block that was sent, and what of its links was not asked for.
    private struct Node {
        let id: Int
        let links: [CID]
        /// The first link that was neither read nor asked for.
        var position = 0
        /// How many links may be held or read; none before one was asked for.
        var window: Int
        var held: [CID: [UInt8]] = [:]
        var reading: Set<CID> = []

        var isOver: Bool { position == links.count && held.isEmpty && reading.isEmpty }
        var heldByteCount: Int { held.values.reduce(0) { $0 + $1.count } }
    }

    private struct Walk {
        /// The one used last at the end.
        var nodes: [Node] = []
        /// Whether the peer asked for a link, so that those of the next block are read at once.
        var isWalking = false
        var lastUse: Duration
    }

    private let limits: BitswapOptions.Server
    private var walks: [PeerID: Walk] = [:]
    private var lastNode = 0
    /// Bytes that are held for all peers.
    private(set) var byteCount = 0
    /// Links that are noted for all peers.
    private(set) var linkCount = 0

    /// Peers of which anything is noted.
    var peerCount: Int { walks.count }

    /// Links that are read at first.
    private var firstWindow: Int { min(4, limits.readAheadBlocks) }

    init(limits: BitswapOptions.Server) { self.limits = limits }

    /// The block, if it is held for the peer, who is then expected to ask for its neighbours.
    mutating func take(_ cid: CID, for peer: PeerID, now: Duration) -> [UInt8]? {
        guard var walk = walks.removeValue(forKey: peer) else { return nil }
        defer { walks[peer] = walk }
        for index in walk.nodes.indices.reversed() {
            if let bytes = walk.nodes[index].held.removeValue(forKey: cid) {
                byteCount -= bytes.count
                walk.nodes[index].window = min(
                    2 * walk.nodes[index].window, limits.readAheadBlocks)
                use(index, of: &walk, now: now)
                return bytes
            }
            if walk.nodes[index].reading.remove(cid) != nil {
                use(index, of: &walk, now: now)
                return nil
            }
            let node = walk.nodes[index]
            let near = node.links[node.position...].prefix(Self.skippedLinkLimit)
            if let position = near.firstIndex(of: cid) {
                walk.nodes[index].position = position + 1
                walk.nodes[index].window = max(node.window, firstWindow)
                use(index, of: &walk, now: now)
                return nil
            }
        }
        walk.isWalking = false
        return nil
    }

    /// Notes what a block that was sent links to.
    mutating func sent(_ links: [CID], to peer: PeerID, now: Duration) {
        let links = links.prefix(Self.linkLimit - linkCount).filter { !$0.isIdentity }
        guard limits.readAheadBlocks > 0, !links.isEmpty else { return }
        if walks[peer] == nil, walks.count >= Self.peerLimit { forgetOldest() }
        var walk = walks.removeValue(forKey: peer) ?? Walk(lastUse: now)
        if walk.nodes.count >= Self.nodeLimit { drop(0, of: &walk) }
        lastNode += 1
        linkCount += links.count
        let window = walk.isWalking ? firstWindow : 0
        walk.nodes.append(Node(id: lastNode, links: links, window: window))
        walk.lastUse = now
        walks[peer] = walk
    }

    /// What is to be read for the peer now, near what it asked for last; nil if there is enough.
    mutating func next(for peer: PeerID) -> Reading? {
        guard let walk = walks[peer], let node = walk.nodes.last else { return nil }
        let index = walk.nodes.count - 1
        let heldCount = node.held.count + node.reading.count
        let heldByteCount = walk.nodes.reduce(0) { $0 + $1.heldByteCount }
        guard node.reading.isEmpty, heldCount <= node.window / 2,
            heldByteCount <= limits.readAheadBytesPerPeer / 2,
            byteCount < limits.readAheadBytes
        else { return nil }
        let cids = Array(node.links[node.position...].prefix(node.window - heldCount))
        guard !cids.isEmpty else { return nil }
        walks[peer]?.nodes[index].position += cids.count
        walks[peer]?.nodes[index].reading = Set(cids)
        return Reading(node: node.id, cids: cids)
    }

    /// Keeps what was read; what passes the limits is forgotten, as is what the peer has asked for
    /// meanwhile.
    mutating func hold(
        _ blocks: [(cid: CID, bytes: [UInt8])], of reading: Reading, for peer: PeerID
    ) {
        guard var walk = walks.removeValue(forKey: peer) else { return }
        defer { walks[peer] = walk }
        guard let index = walk.nodes.firstIndex(where: { $0.id == reading.node }) else { return }
        var room = min(
            limits.readAheadBytesPerPeer - walk.nodes.reduce(0) { $0 + $1.heldByteCount },
            limits.readAheadBytes - byteCount)
        for (cid, bytes) in blocks
        where bytes.count <= room && walk.nodes[index].reading.remove(cid) != nil {
            walk.nodes[index].held[cid] = bytes
            byteCount += bytes.count
            room -= bytes.count
        }
        walk.nodes[index].reading = []
        if walk.nodes[index].isOver { drop(index, of: &walk) }
    }

    /// Forgets a peer.
    mutating func forget(_ peer: PeerID) {
        guard var walk = walks.removeValue(forKey: peer) else { return }
        while !walk.nodes.isEmpty { drop(walk.nodes.count - 1, of: &walk) }
    }

    /// Forgets peers that have asked for nothing noted since `time`.
    mutating func forget(before time: Duration) {
        for (peer, walk) in walks where walk.lastUse < time { forget(peer) }
    }

    private mutating func forgetOldest() {
        let oldest = walks.min { $0.value.lastUse < $1.value.lastUse }
        if let oldest { forget(oldest.key) }
    }

    /// Moves a node to the end, or drops it if nothing is left of it.
    private mutating func use(_ index: Int, of walk: inout Walk, now: Duration) {
        walk.isWalking = true
        walk.lastUse = now
        if walk.nodes[index].isOver { return drop(index, of: &walk) }
        if index != walk.nodes.count - 1 { walk.nodes.append(walk.nodes.remove(at: index)) }
    }

    private mutating func drop(_ index: Int, of walk: inout Walk) {
        let node = walk.nodes.remove(at: index)
        byteCount -= node.heldByteCount
        linkCount -= node.links.count
    }
}
