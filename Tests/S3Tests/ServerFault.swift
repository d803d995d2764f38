// SPDX-License-Identifier: Apache-2.0

import NIOHTTP1

/// One way in which a server, or the way to it, fails a request.
enum ServerFault: String, CaseIterable, Sendable {
    case internalError, slowDown, denied
    /// No answer to what was done, or not done.
    case cut, lostAnswer
    /// The connection ends while the body of the request, or of the answer, passes.
    case cutUpload, cutBody
    /// An answer in good form with half of the bytes, with a bit of them flipped, with another tag.
    case shortBody, alteredBody, wrongTag
    case silence
    /// What is answered is not what is done.
    case storesAltered, storesNothing

    /// Faults after which the same request may do, and does.
    static let passing: Set<Self> = [
        .internalError, .slowDown, .cut, .cutUpload, .cutBody, .shortBody, .silence,
    ]

    /// Whether a request can fail so.
    func strikes(_ request: ReceivedRequest) -> Bool {
        switch self {
        case .internalError, .slowDown, .denied, .cut, .lostAnswer: true
        // Each takes its time: only of bytes of the pack.
        case .silence: !request.body.isEmpty || request.header("range") != nil
        case .cutUpload: !request.body.isEmpty
        case .cutBody, .shortBody, .alteredBody: request.method == "GET"
        case .wrongTag: request.query.isEmpty || request.query["partNumber"] != nil
        case .storesAltered: request.method == "PUT" && !request.body.isEmpty
        case .storesNothing:
            request.query["uploadId"] == nil
                && (request.method == "PUT" || request.method == "DELETE")
        }
    }

    /// The reply instead of the bucket's.
    func reply(_ request: ReceivedRequest, _ bucket: MemoryBucket) -> ServerReply {
        switch self {
        case .internalError: return MemoryBucket.error(500, "InternalError")
        case .slowDown: return MemoryBucket.error(503, "SlowDown")
        case .denied: return MemoryBucket.error(403, "AccessDenied")
        case .cut, .cutUpload: return .cut
        case .silence: return .silence
        case .storesNothing:
            let scratch = MemoryBucket()
            return scratch.respond(request)
        case .lostAnswer, .cutBody, .shortBody, .alteredBody, .wrongTag, .storesAltered: break
        }
        let reply = bucket.respond(request)
        guard case .answer(let status, let headers, let body) = reply else { return reply }
        switch self {
        case .lostAnswer: return .cut
        case .cutBody:
            return .cutBody(
                status, headers, Array(body.prefix(body.count / 2)), stated: body.count)
        case .shortBody: return .answer(status, headers, Array(body.prefix(body.count / 2)))
        case .alteredBody: return .answer(status, headers, Self.altered(body))
        case .wrongTag:
            let tag = "\"" + String(repeating: "0", count: 32) + "\""
            return .answer(status, headers.map { $0.0 == "ETag" ? ("ETag", tag) : $0 }, body)
        case .storesAltered:
            bucket.alter(request, Self.altered)
            return reply
        default: return reply
        }
    }

    /// One bit of it is another.
    @Sendable private static func altered(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        if !bytes.isEmpty { bytes[bytes.count / 2] ^= 1 }
        return bytes
    }
}
