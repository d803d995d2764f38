// SPDX-License-Identifier: Apache-2.0

import Crypto

/// Signs requests with AWS Signature Version 4
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>).
///
/// Paths are encoded once and never normalised, as S3 wants it.
struct RequestSigner: Sendable {
    /// What a signature covers.
    struct Request: Sendable {
        /// The method, in capitals.
        var method: String
        /// The path from its first slash, not encoded.
        var path: String
        /// Names and values, not encoded, in any order.
        var query: [(name: String, value: String)] = []
        /// All headers that are signed, `host` among them.
        var headers: [(name: String, value: String)]
        /// The SHA-256 of the body, in small hexadecimal digits.
        var payloadHash: String
    }

    let credentials: S3Credentials
    let region: String
    var service = "s3"

    /// The headers to add to a request: date, session token and authorization.
    func headers(for request: Request, at time: UTCTime) -> [(name: String, value: String)] {
        var added = [(name: "x-amz-date", value: time.basic)]
        if let token = credentials.sessionToken { added.append(("x-amz-security-token", token)) }
        let date = String(time.basic.prefix(8))
        let scope = "\(date)/\(region)/\(service)/aws4_request"
        let (canonical, signedHeaders) = Self.canonical(request, adding: added)
        let stringToSign = [
            "AWS4-HMAC-SHA256", time.basic, scope, Hexadecimal.sha256(Array(canonical.utf8)),
        ].joined(separator: "\n")
        let signature = Hexadecimal.encode(sign(stringToSign, date: date))
        added.append(
            (
                "Authorization",
                "AWS4-HMAC-SHA256 Credential=\(credentials.accessKeyID)/\(scope), "
                    + "SignedHeaders=\(signedHeaders), Signature=\(signature)"
            ))
        return added
    }

    /// The query as it is signed and sent: encoded, then sorted.
    static func canonicalQuery(_ query: [(name: String, value: String)]) -> String {
        query.map { (PercentEncoding.encode($0.name), PercentEncoding.encode($0.value)) }
            .sorted { $0 < $1 }
            .map { "\($0.0)=\($0.1)" }
            .joined(separator: "&")
    }

    /// The canonical request, and the names of the headers in it.
    static func canonical(
        _ request: Request, adding added: [(name: String, value: String)]
    ) -> (text: String, signedHeaders: String) {
        var values: [String: [String]] = [:]
        for (name, value) in request.headers + added {
            values[name.lowercased(), default: []].append(collapsed(value))
        }
        let names = values.keys.sorted()
        let signedHeaders = names.joined(separator: ";")
        let lines = names.map { "\($0):\(values[$0, default: []].joined(separator: ","))\n" }
        let text = [
            request.method, PercentEncoding.encode(request.path, keepsSlashes: true),
            canonicalQuery(request.query), lines.joined(), signedHeaders, request.payloadHash,
        ].joined(separator: "\n")
        return (text, signedHeaders)
    }

    /// The value without blanks at its ends, and with one blank for several.
    private static func collapsed(_ value: String) -> String {
        value.split(separator: " ").joined(separator: " ")
    }

    private func sign(_ text: String, date: String) -> [UInt8] {
        var key = Array("AWS4\(credentials.secretAccessKey)".utf8)
        for step in [date, region, service, "aws4_request", text] {
            key = Array(
                HMAC<SHA256>.authenticationCode(
                    for: Array(step.utf8), using: SymmetricKey(data: key)))
        }
        return key
    }
}
