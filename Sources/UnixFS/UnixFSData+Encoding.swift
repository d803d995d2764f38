// SPDX-License-Identifier: Apache-2.0

extension UnixFSData {
    /// The message in the one form that Kubo writes: fields by number, block sizes unpacked.
    ///
    /// - Complexity: O(byte count); one allocation.
    public func encode() -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(64 + (data?.count ?? 0) + 5 * blocksizes.count)
        ProtobufWire.appendTag(Field.kind, ProtobufWire.varint, to: &output)
        output.append(kind.rawValue)
        if let data {
            ProtobufWire.appendTag(Field.data, ProtobufWire.bytes, to: &output)
            ProtobufWire.append(UInt64(data.count), to: &output)
            output.append(contentsOf: data)
        }
        Self.append(Field.filesize, filesize, to: &output)
        for size in blocksizes { Self.append(Field.blocksizes, size, to: &output) }
        Self.append(Field.hashType, hashType, to: &output)
        Self.append(Field.fanout, fanout, to: &output)
        metadata.appendFields(to: &output)
        return output
    }

    static func append(_ field: UInt64, _ value: UInt64?, to output: inout [UInt8]) {
        guard let value else { return }
        ProtobufWire.appendTag(field, ProtobufWire.varint, to: &output)
        ProtobufWire.append(value, to: &output)
    }
}

extension UnixFSMetadata {
    /// Appends the mode and mtime fields of a message.
    func appendFields(to output: inout [UInt8]) {
        UnixFSData.append(UnixFSData.Field.mode, mode.map(UInt64.init), to: &output)
        guard let mtime else { return }
        ProtobufWire.appendTag(UnixFSData.Field.mtime, ProtobufWire.bytes, to: &output)
        // A negative number of seconds is written as 64 bits, in ten bytes.
        let seconds = UInt64(bitPattern: mtime.seconds)
        let nanosecondsByteCount = mtime.nanoseconds == 0 ? 0 : 5
        let byteCount = 1 + ProtobufWire.byteCount(of: seconds) + nanosecondsByteCount
        ProtobufWire.append(UInt64(byteCount), to: &output)
        UnixFSData.append(UnixFSData.Field.mtimeSeconds, seconds, to: &output)
        guard mtime.nanoseconds != 0 else { return }
        ProtobufWire.appendTag(
            UnixFSData.Field.mtimeNanoseconds, ProtobufWire.fixed32, to: &output)
        for shift: UInt32 in [0, 8, 16, 24] {
            output.append(UInt8(truncatingIfNeeded: mtime.nanoseconds >> shift))
        }
    }
}
