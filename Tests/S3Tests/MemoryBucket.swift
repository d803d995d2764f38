// SPDX-License-Identifier: Apache-2.0

import Crypto
import Synchronization

@testable import S3

/// A bucket in memory behind a ``FaultServer``, in which single requests can be made to fail.
///
/// It knows what the store uses, checks Content-MD5 and no signatures. Uploads go in parts.
final class MemoryBucket: Sendable {
    private struct Upload {
        let key: String
        var parts: [Int: [UInt8]] = [:]
    }

    private struct State {
        var objects: [String: (bytes: [UInt8], tag: String)] = [:]
        var uploads: [String: Upload] = [:]
        var uploadCount = 0
        var faults: [@Sendable (ReceivedRequest) -> ServerReply?] = []
        var faultCount = 0
    }

    private let state = Mutex(State())
    private let changes = Mutex<[@Sendable (inout State) -> Void]>([])

    /// The bytes of an object.
    func object(_ name: String) -> [UInt8]? { state.withLock { $0.objects[name]?.bytes } }

    /// All objects.
    var objects: [String: [UInt8]] { state.withLock { $0.objects.mapValues(\.bytes) } }

    /// Makes the bucket hold these objects and no others, and no uploads.
    func fill(_ objects: [String: [UInt8]]) {
        state.withLock { state in
            state.objects = objects.mapValues { ($0, Self.hexMD5($0)) }
            state.uploads = [:]
        }
    }

    /// Changes the bytes that `request`, which was answered, has stored, and keeps their tag.
    func alter(_ request: ReceivedRequest, _ change: @Sendable ([UInt8]) -> [UInt8]) {
        state.withLock { state in
            if let id = request.query["uploadId"] {
                guard let number = request.query["partNumber"].flatMap({ Int($0) }) else { return }
                guard let part = state.uploads[id]?.parts[number] else { return }
                state.uploads[id]?.parts[number] = change(part)
            } else if let name = Self.name(request), let object = state.objects[name] {
                state.objects[name] = (change(object.bytes), object.tag)
            }
        }
    }

    private static func name(_ request: ReceivedRequest) -> String? {
        request.path.split(separator: "/", maxSplits: 1).dropFirst().first.map(String.init)
    }

    /// How many uploads are unfinished.
    var uploadCount: Int { state.withLock { $0.uploads.count } }

    /// How many planned faults came to pass.
    var faultCount: Int { state.withLock { $0.faultCount } }

    /// Answers the next `count` requests for which it has a reply by `fault` instead.
    func plan(
        _ count: Int = 1, _ fault: @escaping @Sendable (ReceivedRequest) -> ServerReply?
    ) {
        state.withLock { $0.faults += Array(repeating: fault, count: count) }
    }

    /// Replies to a request.
    func respond(_ request: ReceivedRequest) -> ServerReply {
        let due = changes.withLock { changes in
            defer { changes = [] }
            return changes
        }
        return state.withLock { state in
            for change in due { change(&state) }
            for (index, fault) in state.faults.enumerated() {
                guard let reply = fault(request) else { continue }
                state.faults.remove(at: index)
                state.faultCount += 1
                return reply
            }
            return Self.serve(request, &state)
        }
    }

    /// Puts other bytes in the place of an object; `later` from within a planned fault.
    func replace(_ name: String, with bytes: [UInt8], later: Bool = false) {
        change(later) { $0.objects[name] = (bytes, Self.hexMD5(bytes)) }
    }

    /// Does what a request asks, and loses the answer; to be called from within a planned fault.
    func serveLater(_ request: ReceivedRequest) {
        change(true) { _ = Self.serve(request, &$0) }
    }

    /// A planned fault runs while the state is locked: what it changes waits for the next request.
    private func change(_ later: Bool, _ body: @escaping @Sendable (inout State) -> Void) {
        if later { changes.withLock { $0.append(body) } } else { state.withLock { body(&$0) } }
    }

    static func error(_ status: Int, _ code: String, _ extra: String = "") -> ServerReply {
        .answer(
            status, [("x-amz-request-id", "REQ-1"), ("Date", "Fri, 24 May 2013 00:00:00 GMT")],
            Array("<Error><Code>\(code)</Code><Message>planned</Message>\(extra)</Error>".utf8))
    }

    private static func serve(_ request: ReceivedRequest, _ state: inout State) -> ServerReply {
        if let stated = request.header("content-md5"),
            stated != Base64.encode(Array(Insecure.MD5.hash(data: request.body)))
        {
            return error(400, "BadDigest")
        }
        let name = name(request)
        let query = request.query
        switch (request.method, name) {
        case ("GET", nil): return query["uploads"] == nil ? list(state, query) : uploads(state)
        case ("POST", let name?): return post(name, request, query, &state)
        case ("PUT", let name?):
            let tag = hexMD5(request.body)
            if let id = query["uploadId"] {
                guard let number = query["partNumber"].flatMap({ Int($0) }),
                    state.uploads[id] != nil
                else { return error(404, "NoSuchUpload") }
                state.uploads[id]?.parts[number] = request.body
            } else {
                state.objects[name] = (request.body, tag)
            }
            return .answer(200, [("ETag", "\"\(tag)\"")])
        case ("DELETE", let name?):
            if let id = query["uploadId"] {
                return state.uploads.removeValue(forKey: id) == nil
                    ? error(404, "NoSuchUpload") : .answer(204)
            }
            state.objects[name] = nil
            return .answer(204)
        case ("HEAD", let name?), ("GET", let name?): return get(name, request, state)
        default: return error(400, "InvalidRequest")
        }
    }

    private static func get(_ name: String, _ request: ReceivedRequest, _ state: State)
        -> ServerReply
    {
        guard let object = state.objects[name] else { return error(404, "NoSuchKey") }
        let headers = [("ETag", "\"\(object.tag)\"")]
        if request.method == "HEAD" {
            return .answer(200, headers + [("Content-Length", "\(object.bytes.count)")])
        }
        if let wanted = request.header("if-match"), wanted != "\"\(object.tag)\"" {
            return error(412, "PreconditionFailed")
        }
        let bounds = (request.header("range") ?? "").dropFirst("bytes=".count)
            .split(separator: "-").compactMap { Int($0) }
        guard bounds.count == 2, bounds[0] < object.bytes.count else {
            return error(416, "InvalidRange")
        }
        let end = min(bounds[1] + 1, object.bytes.count)
        return .answer(
            206,
            headers + [("Content-Range", "bytes \(bounds[0])-\(end - 1)/\(object.bytes.count)")],
            Array(object.bytes[bounds[0]..<end]))
    }

    private static func post(
        _ name: String, _ request: ReceivedRequest, _ query: [String: String], _ state: inout State
    ) -> ServerReply {
        if query["uploads"] != nil {
            state.uploadCount += 1
            let id = "upload-\(state.uploadCount)"
            state.uploads[id] = Upload(key: name)
            return xml("InitiateMultipartUploadResult", "<UploadId>\(id)</UploadId>")
        }
        guard let upload = query["uploadId"].flatMap({ state.uploads.removeValue(forKey: $0) })
        else {
            return error(404, "NoSuchUpload")
        }
        let parts = upload.parts.sorted { $0.key < $1.key }.map(\.value)
        let digests = parts.flatMap { Array(Insecure.MD5.hash(data: $0)) }
        let tag = "\(hexMD5(digests))-\(parts.count)"
        state.objects[name] = (parts.flatMap { $0 }, tag)
        return xml("CompleteMultipartUploadResult", "<ETag>&quot;\(tag)&quot;</ETag>")
    }

    private static func list(_ state: State, _ query: [String: String]) -> ServerReply {
        let prefix = query["prefix", default: ""]
        let start = query["continuation-token", default: ""]
        let names = state.objects.keys.filter {
            $0.hasPrefix(prefix) && $0 > start && !$0.dropFirst(prefix.count).contains("/")
        }.sorted()
        let page = names.prefix(query["max-keys"].flatMap { Int($0) } ?? 1000)
        var text = page.map { "<Contents><Key>\($0)</Key></Contents>" }.joined()
        text += "<IsTruncated>\(page.count < names.count)</IsTruncated>"
        if page.count < names.count, let last = page.last {
            text += "<NextContinuationToken>\(last)</NextContinuationToken>"
        }
        return xml("ListBucketResult", text)
    }

    private static func uploads(_ state: State) -> ServerReply {
        let text = state.uploads.map { id, upload in
            "<Upload><Key>\(upload.key)</Key><UploadId>\(id)</UploadId>"
                + "<Initiated>2013-05-24T00:00:00.000Z</Initiated></Upload>"
        }
        return xml(
            "ListMultipartUploadsResult", text.joined() + "<IsTruncated>false</IsTruncated>")
    }

    static func xml(_ root: String, _ content: String) -> ServerReply {
        .answer(
            200, [("Content-Type", "application/xml")], Array("<\(root)>\(content)</\(root)>".utf8))
    }

    private static func hexMD5(_ bytes: [UInt8]) -> String {
        Hexadecimal.encode(Array(Insecure.MD5.hash(data: bytes)))
    }
}
