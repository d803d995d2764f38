// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats

extension BitswapMessage {
    /// The message with its length before it, as streams of `version` carry it.
    ///
    /// What the version does not know is left out: presences, wants for presences and requests for
    /// DONT_HAVE before 1.2, and in 1.0 the prefixes of blocks. A block of CIDv1 goes out there all
    /// the same, as in boxo: who asked for it can tell it by its hash, as py-libp2p does.
    /// - Complexity: O(bytes); the bytes of blocks are copied once.
    public func framed(_ version: BitswapVersion) -> [UInt8] {
        var head = ProtobufWriter()
        writeWants(version, to: &head)
        var tail = ProtobufWriter()
        if version == .presences { writePresences(to: &tail) }
        if version > .bareBlocks, pendingByteCount > 0 {
            tail.varint(5, UInt64(pendingByteCount))
        }
        let prefixes = version == .bareBlocks ? [] : payloads.map(\.prefix.bytes)
        let byteCount =
            head.bytes.count + tail.bytes.count
            + payloads.indices.reduce(0) { sum, index in
                let length = payloads[index].lengths(
                    prefix: prefixes.isEmpty ? nil : prefixes[index])
                return sum + 1 + Varint.byteCount(of: UInt64(length)) + length
            }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(byteCount + Varint.maximumByteCount)
        Varint.append(UInt64(byteCount), to: &bytes)
        bytes += head.bytes
        for (index, payload) in payloads.enumerated() {
            payload.append(prefix: prefixes.isEmpty ? nil : prefixes[index], to: &bytes)
        }
        bytes += tail.bytes
        return bytes
    }

    private func writeWants(_ version: BitswapVersion, to writer: inout ProtobufWriter) {
        let known =
            version == .presences ? wants : wants.filter { $0.kind == .block || $0.isCancel }
        guard !known.isEmpty || isFull else { return }
        writer.message(1) { list in
            for want in known {
                list.message(1) { entry in
                    entry.bytes(1, want.cid.bytes)
                    if want.priority != 0 {
                        // Negative numbers are written as 64 bits, as protobuf has it.
                        entry.varint(2, UInt64(bitPattern: Int64(want.priority)))
                    }
                    if want.isCancel { entry.bool(3, true) }
                    guard version == .presences else { return }
                    if want.kind == .have { entry.varint(4, 1) }
                    if want.sendDontHave { entry.bool(5, true) }
                }
            }
            if isFull { list.bool(2, true) }
        }
    }

    private func writePresences(to writer: inout ProtobufWriter) {
        for presence in presences {
            writer.message(4) { entry in
                entry.bytes(1, presence.cid.bytes)
                if !presence.isHave { entry.varint(2, 1) }
            }
        }
    }
}

extension BitswapMessage.Payload {
    /// The length of the field's value: the bytes alone, or a message of prefix and bytes.
    fileprivate func lengths(prefix: [UInt8]?) -> Int {
        guard let prefix else { return bytes.count }
        return 1 + Varint.byteCount(of: UInt64(prefix.count)) + prefix.count + 1
            + Varint.byteCount(of: UInt64(bytes.count)) + bytes.count
    }

    /// Appends field 2, or field 3 with a prefix.
    fileprivate func append(prefix: [UInt8]?, to output: inout [UInt8]) {
        output.append(prefix == nil ? 0x12 : 0x1a)
        Varint.append(UInt64(lengths(prefix: prefix)), to: &output)
        if let prefix {
            output.append(0x0a)
            Varint.append(UInt64(prefix.count), to: &output)
            output += prefix
            output.append(0x12)
            Varint.append(UInt64(bytes.count), to: &output)
        }
        output += bytes
    }
}
