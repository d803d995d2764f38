// SPDX-License-Identifier: Apache-2.0

import ObjectStore

/// A request to the bucket or to one of its objects, and what its answer must be like.
struct S3Request: Sendable {
    enum Method: String, Sendable {
        case get = "GET"
        case head = "HEAD"
        case put = "PUT"
        case post = "POST"
        case delete = "DELETE"
    }

    let method: Method
    /// The object; nil for the bucket.
    let key: ObjectKey?
    /// Names and values, not encoded.
    var query: [(name: String, value: String)] = []
    /// Headers beside those that every request has.
    var headers: [(name: String, value: String)] = []
    var payload = Payload.empty
    /// The most bytes that the body of an answer of success may have.
    var bodyLimit = 64 << 10
    /// Refuses an answer of success that does not agree with what was asked.
    var check: @Sendable (S3Response) throws(S3Failure) -> Void = { _ in }

    init(_ method: Method, _ key: ObjectKey? = nil) {
        self.method = method
        self.key = key
    }
}
