// SPDX-License-Identifier: Apache-2.0

import ObjectStore

/// What a server tells of an object without its bytes.
struct ObjectHead: Hashable, Sendable {
    let byteCount: Int64
    /// As the server wrote it; nil if it gives none.
    let entityTag: String?
}

extension S3Client {
    /// Size and tag of an object.
    ///
    /// - Throws: ``ObjectStoreError`` with `notFound` if there is no such object in the bucket.
    func head(_ key: ObjectKey) throws(ObjectStoreError) -> ObjectHead {
        do throws(ObjectStoreError) { return try plainHead(key) } catch {
            guard let failure = error.cause as? S3Failure, failure.kind == .answer,
                !failure.isRetryable
            else { throw error }
            // Errors of HEAD have no body: ask again so that the server can say what is wrong.
            var request = S3Request(.get, key)
            request.headers = [("range", "bytes=0-0")]
            _ = try send(request)
            throw error
        }
    }

    /// Whether there is an object of that name.
    ///
    /// - Throws: ``ObjectStoreError``.
    func exists(_ key: ObjectKey) throws(ObjectStoreError) -> Bool {
        do throws(ObjectStoreError) {
            _ = try plainHead(key)
            return true
        } catch {
            if error.code == .notFound { return false }
            throw error
        }
    }

    private func plainHead(_ key: ObjectKey) throws(ObjectStoreError) -> ObjectHead {
        var request = S3Request(.head, key)
        request.check = { response throws(S3Failure) in _ = try Self.head(response) }
        let response = try send(request)
        do throws(S3Failure) { return try Self.head(response) } catch {
            throw error.error(request, options, attemptCount: 1)
        }
    }

    private static func head(_ response: S3Response) throws(S3Failure) -> ObjectHead {
        guard let byteCount = response.header("Content-Length").flatMap({ Int64($0) }),
            byteCount >= 0
        else { throw S3Failure(.unverified, "no length of the object", response) }
        return ObjectHead(byteCount: byteCount, entityTag: response.entityTag)
    }

    /// Begins to read the bytes `range` of an object that is as `head` tells; `range` lies in it and
    /// is not empty.
    func beginGet(_ key: ObjectKey, _ range: Range<Int64>, of head: ObjectHead) -> Exchange {
        var request = S3Request(.get, key)
        request.headers = [("range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)")]
        // Objects do not change; whoever replaced one all the same must not mix two of them.
        if let tag = head.entityTag { request.headers.append(("if-match", tag)) }
        request.bodyLimit = range.count
        request.check = { response throws(S3Failure) in
            let stated = response.header("Content-Range")
            let wanted = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(head.byteCount)"
            switch response.status {
            case 206 where stated == wanted: break
            case 200 where range == 0..<head.byteCount: break
            default:
                throw S3Failure(
                    .unverified,
                    "asked for \(wanted), got \(response.status) \(stated ?? "without a range")",
                    response)
            }
            guard response.body.count == range.count else {
                throw S3Failure(
                    .unverified, "\(response.body.count) of \(range.count) bytes came", response)
            }
        }
        return begin(request)
    }

    /// Stores an object whole.
    ///
    /// - Returns: its tag.
    /// - Throws: ``ObjectStoreError``.
    func put(_ key: ObjectKey, _ payload: Payload) throws(ObjectStoreError) -> String? {
        var request = S3Request(.put, key)
        request.headers = newObjectHeaders
        request.headers.append(("x-amz-checksum-sha256", Base64.encode(payload.sha256)))
        request.payload = payload
        request.check = { response throws(S3Failure) in try Self.check(response, stored: payload) }
        return try send(request).entityTag
    }

    /// Headers that say how a new object is kept.
    var newObjectHeaders: [(name: String, value: String)] {
        var headers = [(name: "content-type", value: "application/octet-stream")]
        if let storageClass = options.storageClass {
            headers.append(("x-amz-storage-class", storageClass))
        }
        return headers
    }

    /// Holds what a server says it stored against what was sent.
    static func check(_ response: S3Response, stored payload: Payload) throws(S3Failure) {
        if let md5 = response.md5, md5 != payload.md5 {
            throw S3Failure(
                .unverified,
                "the server stored bytes with MD5 \(Hexadecimal.encode(md5)), sent were those with "
                    + Hexadecimal.encode(payload.md5), response)
        }
        if let checksum = response.header("x-amz-checksum-sha256"),
            checksum != Base64.encode(payload.sha256)
        {
            throw S3Failure(
                .unverified, "the server stored bytes of another SHA-256 than were sent", response)
        }
    }

    /// Removes an object, if there is one.
    ///
    /// - Throws: ``ObjectStoreError``.
    func delete(_ key: ObjectKey) throws(ObjectStoreError) {
        _ = try send(S3Request(.delete, key))
    }
}
