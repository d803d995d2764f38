// SPDX-License-Identifier: Apache-2.0

import ObjectStore

/// A sealed object in a bucket, read by ranges.
final class S3ObjectReader: ObjectReader {
    private let key: ObjectKey
    private let head: ObjectHead
    private let client: S3Client

    init(_ key: ObjectKey, _ head: ObjectHead, _ client: S3Client) {
        self.key = key
        self.head = head
        self.client = client
    }

    var byteCount: Int64 { head.byteCount }

    /// One request up to the size of a part; above that some at a time.
    func read(_ byteCount: Int, at offset: Int64) throws(ObjectStoreError) -> [UInt8] {
        guard byteCount >= 0, offset >= 0, offset <= head.byteCount,
            Int64(byteCount) <= head.byteCount - offset
        else {
            throw ObjectStoreError(
                .endOfObject, key: key,
                message: "\(key): \(byteCount) bytes at \(offset) of \(head.byteCount)")
        }
        if byteCount == 0 { return [] }
        let piece = Int64(client.options.transfer.partByteCount)
        let end = offset + Int64(byteCount)
        if Int64(byteCount) <= piece {
            return try client.beginGet(key, offset..<end, of: head).response().body
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(byteCount)
        var pending: [Exchange] = []
        defer { for exchange in pending { exchange.cancel() } }
        var next = offset
        while bytes.count < byteCount {
            while next < end, pending.count < client.options.transfer.concurrentPartCount {
                let stop = min(next + piece, end)
                pending.append(client.beginGet(key, next..<stop, of: head))
                next = stop
            }
            bytes += try pending.removeFirst().response().body
        }
        return bytes
    }
}
