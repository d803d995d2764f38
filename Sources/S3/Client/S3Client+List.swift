// SPDX-License-Identifier: Apache-2.0

import ObjectStore

extension S3Client {
    /// The longest page that is read: 1000 keys of 1 KiB, each byte of them encoded as three, and what
    /// stands around them.
    private static let pageByteLimit = 8 << 20
    /// Longer tokens are refused.
    private static let markerByteLimit = 8192
    /// Pages may be empty, where deleted objects lie; so many in a row are no list.
    private static let emptyPageLimit = 1000

    /// The objects directly under the prefix whose names are keys.
    ///
    /// - Throws: ``ObjectStoreError``; also if the list does not end within its limit, or repeats
    ///   itself.
    func list() throws(ObjectStoreError) -> [ObjectKey] {
        var found: Set<ObjectKey> = []
        var entryCount = 0
        var emptyPageCount = 0
        var token: String?
        repeat {
            var request = S3Request(.get)
            request.query = [
                ("list-type", "2"), ("prefix", options.prefix), ("delimiter", "/"),
                ("max-keys", "1000"), ("encoding-type", "url"),
            ]
            if let token { request.query.append(("continuation-token", token)) }
            let page = try page(
                request, root: "ListBucketResult", markers: ["NextContinuationToken"])
            let entries = page.children.filter { $0.name == "Contents" }
            var keys: [ObjectKey] = []
            for entry in entries {
                if let key = try key(entry, in: page, request) { keys.append(key) }
            }
            let isRepeated = !keys.isEmpty && found.isSuperset(of: keys)
            found.formUnion(keys)
            entryCount += entries.count
            emptyPageCount = entries.isEmpty ? emptyPageCount + 1 : 0
            guard page.value("IsTruncated") == "true" else { break }
            let next = page.value("NextContinuationToken")
            guard next != token, !isRepeated, entryCount < options.transfer.listLimit,
                emptyPageCount < Self.emptyPageLimit
            else { throw endless(request) }
            token = next
        } while true
        return Array(found)
    }

    /// The uploads that have begun and not ended, of keys directly under the prefix.
    ///
    /// - Throws: ``ObjectStoreError``, as by ``list()``.
    func unfinishedUploads() throws(ObjectStoreError) -> [UnfinishedUpload] {
        var found: Set<UnfinishedUpload> = []
        var markers: [String]?
        repeat {
            var request = S3Request(.get)
            request.query = [
                ("uploads", ""), ("prefix", options.prefix), ("max-uploads", "1000"),
                ("encoding-type", "url"),
            ]
            if let markers {
                request.query += [("key-marker", markers[0]), ("upload-id-marker", markers[1])]
            }
            let names = ["NextKeyMarker", "NextUploadIdMarker"]
            let page = try page(request, root: "ListMultipartUploadsResult", markers: names)
            for entry in page.children where entry.name == "Upload" {
                guard let key = try key(entry, in: page, request), let id = entry.value("UploadId"),
                    let began = entry.value("Initiated").flatMap({ UTCTime(extended: $0) })
                else { continue }
                found.insert(UnfinishedUpload(key: key, id: id, began: began))
            }
            var following: [String]?
            if page.value("IsTruncated") == "true" {
                following = [
                    try decoded(page.value(names[0]) ?? "", in: page, request),
                    page.value(names[1]) ?? "",
                ]
            }
            guard found.count <= options.transfer.listLimit,
                following == nil || following != markers
            else { throw endless(request) }
            markers = following
        } while markers != nil
        return Array(found)
    }

    /// One page, which says whether it is the last and else where to go on.
    private func page(
        _ request: S3Request, root: String, markers: [String]
    ) throws(ObjectStoreError) -> XMLElement {
        var request = request
        request.bodyLimit = Self.pageByteLimit
        request.check = { response throws(S3Failure) in
            let page = try response.root(root)
            switch page.value("IsTruncated") {
            case "false": return
            case "true": break
            default: throw S3Failure(.unverified, "a list that does not say if it ends", response)
            }
            let marker = markers.first.flatMap { page.value($0) } ?? ""
            guard (1...Self.markerByteLimit).contains(marker.utf8.count) else {
                throw S3Failure(.unverified, "a list that does not say how it goes on", response)
            }
        }
        let response = try send(request)
        do throws(S3Failure) { return try response.root(root) } catch {
            throw error.error(request, options, attemptCount: 1)
        }
    }

    /// The key that an entry names; nil if it is none of ours.
    private func key(
        _ entry: XMLElement, in page: XMLElement, _ request: S3Request
    ) throws(ObjectStoreError) -> ObjectKey? {
        let name = try decoded(entry.value("Key") ?? "", in: page, request)
        guard name.hasPrefix(options.prefix) else {
            throw S3Failure(.unverified, "a list of other keys than asked for: \(name.prefix(100))")
                .error(request, options, attemptCount: 1)
        }
        return ObjectKey(String(name.dropFirst(options.prefix.count)))
    }

    private func decoded(
        _ text: String, in page: XMLElement, _ request: S3Request
    ) throws(ObjectStoreError) -> String {
        guard page.value("EncodingType") == "url" else { return text }
        guard let decoded = PercentEncoding.decode(text) else {
            throw S3Failure(.unverified, "a key that is not encoded as said: \(text.prefix(100))")
                .error(request, options, attemptCount: 1)
        }
        return decoded
    }

    private func endless(_ request: S3Request) -> ObjectStoreError {
        S3Failure(
            .unverified,
            "the list repeats itself, or is longer than \(options.transfer.listLimit) keys"
        ).error(request, options, attemptCount: 1)
    }
}
