// SPDX-License-Identifier: Apache-2.0

@testable import S3

/// A request and its published signature.
struct SignatureVector: Sendable, CustomStringConvertible {
    let name: String
    let signer: RequestSigner
    let request: RequestSigner.Request
    let time: UTCTime
    let signature: String
    var signedHeaders = "host;x-amz-date"

    var description: String { name }

    private static let emptyHash =
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    /// From AWS's signing test suite (github.com/awslabs/aws-c-auth, tests/aws-signing-test-suite/v4,
    /// Apache-2.0): the values alone, of those cases that do without path normalisation.
    static let suite: [SignatureVector] = [
        plain("get-vanilla", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        plain(
            "get-vanilla-empty-query-key",
            "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
            query: [("Param1", "value1")]),
        plain(
            "get-vanilla-query-order-key-case",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
            query: [("Param2", "value2"), ("Param1", "value1")]),
        plain(
            "get-vanilla-query-order-encoded",
            "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
            query: [("Param-3", "Value3"), ("Param", "Value2"), ("\u{1234}", "Value1")]),
        plain(
            "get-vanilla-query-unreserved",
            "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
            query: [(unreserved, unreserved)]),
        plain(
            "get-vanilla-utf8-query",
            "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
            query: [("\u{1234}", "bar")]),
        plain(
            "get-unreserved", "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
            path: "/" + unreserved),
        plain(
            "get-utf8", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
            path: "/\u{1234}"),
        plain(
            "get-space-unnormalized",
            "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741",
            path: "/example space/"),
        plain(
            "get-header-value-trim",
            "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
            headers: [("My-Header1", " value1"), ("My-Header2", " \"a   b   c\"")],
            signedHeaders: "host;my-header1;my-header2;x-amz-date"),
        plain(
            "get-header-value-order",
            "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01",
            headers: ["value4", "value1", "value3", "value2"].map { ("My-Header1", $0) },
            signedHeaders: "host;my-header1;x-amz-date"),
        plain(
            "get-header-key-duplicate",
            "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
            headers: ["value2", "value2", "value1"].map { ("My-Header1", $0) },
            signedHeaders: "host;my-header1;x-amz-date"),
        plain(
            "post-vanilla-empty-query-value",
            "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11", method: "POST",
            query: [("Param1", "value1")]),
        plain(
            "get-vanilla-with-session-token",
            "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8",
            token: "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267",
            signedHeaders: "host;x-amz-date;x-amz-security-token"),
        plain(
            "post-x-www-form-urlencoded",
            "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b", method: "POST",
            headers: [
                ("Content-Type", "application/x-www-form-urlencoded"), ("Content-Length", "13"),
                (
                    "X-Amz-Content-Sha256",
                    "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"
                ),
            ], signedHeaders: "content-length;content-type;host;x-amz-content-sha256;x-amz-date",
            hash: "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"),
    ]

    /// The examples of S3's own documentation
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>).
    static let documentation: [SignatureVector] = [
        s3(
            "GET Object", "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
            path: "/test.txt", headers: [("Range", "bytes=0-9")],
            signedHeaders: "host;range;x-amz-content-sha256;x-amz-date"),
        s3(
            "PUT Object", "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
            method: "PUT", path: "/test$file.text",
            headers: [
                ("Date", "Fri, 24 May 2013 00:00:00 GMT"),
                ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            ], signedHeaders: "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
            hash: "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"),
        s3(
            "GET Bucket Lifecycle",
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
            query: [("lifecycle", "")]),
        s3(
            "GET Bucket (List Objects)",
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
            query: [("prefix", "J"), ("max-keys", "2")]),
    ]

    private static let unreserved =
        "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

    private static func plain(
        _ name: String, _ signature: String, method: String = "GET", path: String = "/",
        query: [(name: String, value: String)] = [], headers: [(name: String, value: String)] = [],
        token: String? = nil, signedHeaders: String = "host;x-amz-date", hash: String = emptyHash
    ) -> SignatureVector {
        SignatureVector(
            name: name,
            signer: RequestSigner(
                credentials: S3Credentials(
                    accessKeyID: "AKIDEXAMPLE",
                    secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                    sessionToken: token), region: "us-east-1", service: "service"),
            request: RequestSigner.Request(
                method: method, path: path, query: query,
                headers: headers + [("Host", "example.amazonaws.com")], payloadHash: hash),
            time: UTCTime(seconds: 1_440_938_160), signature: signature,
            signedHeaders: signedHeaders)
    }

    private static func s3(
        _ name: String, _ signature: String, method: String = "GET", path: String = "/",
        query: [(name: String, value: String)] = [], headers: [(name: String, value: String)] = [],
        signedHeaders: String = "host;x-amz-content-sha256;x-amz-date", hash: String = emptyHash
    ) -> SignatureVector {
        SignatureVector(
            name: name,
            signer: RequestSigner(
                credentials: S3Credentials(
                    accessKeyID: "AKIAIOSFODNN7EXAMPLE",
                    secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
                region: "us-east-1"),
            request: RequestSigner.Request(
                method: method, path: path, query: query,
                headers: headers + [
                    ("Host", "examplebucket.s3.amazonaws.com"), ("x-amz-content-sha256", hash),
                ], payloadHash: hash), time: UTCTime(seconds: 1_369_353_600),
            signature: signature, signedHeaders: signedHeaders)
    }
}
