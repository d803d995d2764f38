// SPDX-License-Identifier: Apache-2.0

import NIOCore
import ObjectStore

/// A part of an object that the server has.
struct UploadedPart: Sendable {
    let number: Int
    /// As the server wrote it.
    let entityTag: String
    let md5: [UInt8]
    /// In base64; nil if the server keeps no such checksums.
    let sha256: String?
}

/// An upload that has begun and not ended.
struct UnfinishedUpload: Hashable, Sendable {
    let key: ObjectKey
    let id: String
    let began: UTCTime
}

extension S3Client {
    /// The most parts of an object, by S3's rules.
    static let partLimit = 10_000
    /// Longer upload IDs and tags are refused; servers' have some hundred bytes.
    private static let tokenByteLimit = 2048

    /// Begins an upload in parts.
    ///
    /// - Returns: its ID.
    /// - Throws: ``ObjectStoreError``.
    func beginUpload(_ key: ObjectKey) throws(ObjectStoreError) -> String {
        var request = S3Request(.post, key)
        request.query = [("uploads", "")]
        request.headers = newObjectHeaders
        request.headers.append(("x-amz-checksum-algorithm", "SHA256"))
        request.check = { response throws(S3Failure) in _ = try Self.uploadID(response) }
        let response = try send(request)
        do throws(S3Failure) { return try Self.uploadID(response) } catch {
            throw error.error(request, options, attemptCount: 1)
        }
    }

    private static func uploadID(_ response: S3Response) throws(S3Failure) -> String {
        let root = try response.root("InitiateMultipartUploadResult")
        guard let id = root.value("UploadId"), (1...tokenByteLimit).contains(id.utf8.count) else {
            throw S3Failure(.unverified, "no upload ID", response)
        }
        return id
    }

    /// Begins to send part `number`, counted from 1.
    func beginPart(_ number: Int, _ payload: Payload, of key: ObjectKey, upload: String) -> Exchange
    {
        var request = S3Request(.put, key)
        request.query = [("partNumber", String(number)), ("uploadId", upload)]
        request.headers = [("x-amz-checksum-sha256", Base64.encode(payload.sha256))]
        request.payload = payload
        request.check = { response throws(S3Failure) in
            guard let tag = response.entityTag, (1...Self.tokenByteLimit).contains(tag.utf8.count)
            else { throw S3Failure(.unverified, "no tag of the part", response) }
            try Self.check(response, stored: payload)
        }
        return begin(request)
    }

    /// Makes the object of its parts.
    ///
    /// An answer may be lost after the server has done it, and the next try then finds no upload: so
    /// in doubt the object itself is looked at.
    /// - Returns: the object's tag; nil if the server does not say.
    /// - Throws: ``ObjectStoreError``.
    func completeUpload(
        _ upload: String, of key: ObjectKey, _ parts: [UploadedPart], byteCount: Int64
    ) throws(ObjectStoreError) -> String? {
        var request = S3Request(.post, key)
        request.query = [("uploadId", upload)]
        request.headers = [("content-type", "application/xml")]
        request.payload = Payload(ByteBuffer(string: Self.completion(parts)))
        request.check = { response throws(S3Failure) in
            // Errors come with status 200 as well, once the server has begun to answer.
            _ = try response.root("CompleteMultipartUploadResult")
        }
        do throws(ObjectStoreError) { return Self.tag(in: try send(request)) } catch {
            // If the object cannot be looked at, the error is the one that there was before.
            guard (error.cause as? S3Failure)?.code == "NoSuchUpload", let head = try? head(key),
                head.byteCount == byteCount, head.entityTag.map(Self.bare) == Self.tag(of: parts)
            else { throw error }
            return head.entityTag
        }
    }

    private static func tag(in response: S3Response) -> String? {
        // The check has read it before. Ceph 16 leaves the tag empty.
        let tag = (try? response.root("CompleteMultipartUploadResult"))?.value("ETag") ?? ""
        return tag.isEmpty ? nil : tag
    }

    /// The tag that S3 gives an object of these parts: the MD5 of their MD5s, and their number.
    static func tag(of parts: [UploadedPart]) -> String {
        let digests = Payload(ByteBuffer(bytes: parts.flatMap(\.md5)))
        return "\(Hexadecimal.encode(digests.md5))-\(parts.count)"
    }

    /// A tag without its quotes.
    static func bare(_ tag: String) -> String { tag.filter { $0 != "\"" } }

    private static func completion(_ parts: [UploadedPart]) -> String {
        var text = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
        for part in parts {
            text += "<Part><PartNumber>\(part.number)</PartNumber>"
            text += "<ETag>\(escaped(part.entityTag))</ETag>"
            if let sha256 = part.sha256 { text += "<ChecksumSHA256>\(sha256)</ChecksumSHA256>" }
            text += "</Part>"
        }
        return text + "</CompleteMultipartUpload>"
    }

    private static func escaped(_ text: String) -> String {
        text.reduce(into: "") { escaped, character in
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            default: escaped.append(character)
            }
        }
    }

    /// Gives an upload up, with all its parts; one that is gone already is none.
    ///
    /// - Throws: ``ObjectStoreError``.
    func abortUpload(_ upload: String, of key: ObjectKey) throws(ObjectStoreError) {
        var request = S3Request(.delete, key)
        request.query = [("uploadId", upload)]
        do throws(ObjectStoreError) { _ = try send(request) } catch {
            guard let failure = error.cause as? S3Failure, failure.kind == .answer,
                failure.status == 404, failure.code != "NoSuchBucket"
            else { throw error }
        }
    }
}
