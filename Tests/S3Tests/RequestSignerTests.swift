// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import S3

struct RequestSignerTests {
    @Test(arguments: SignatureVector.suite + SignatureVector.documentation)
    func `a request gets the signature that AWS publishes`(_ vector: SignatureVector) throws {
        let headers = vector.signer.headers(for: vector.request, at: vector.time)
        let authorization = try #require(headers.last { $0.name == "Authorization" }?.value)
        #expect(authorization.hasSuffix(", Signature=\(vector.signature)"), "\(authorization)")
        #expect(authorization.contains("SignedHeaders=\(vector.signedHeaders),"))
    }

    @Test func `any change of what is signed changes the signature`() throws {
        let vector = try #require(SignatureVector.documentation.first)
        var changed: [RequestSigner.Request] = [vector.request]
        for change: (inout RequestSigner.Request) -> Void in [
            { $0.method = "PUT" }, { $0.path = "/test.txt2" }, { $0.query = [("a", "")] },
            { $0.payloadHash = String(repeating: "0", count: 64) },
            { $0.headers[0].value = "bytes=0-8" },
        ] {
            changed.append(vector.request)
            change(&changed[changed.count - 1])
        }
        let signatures = Set(
            changed.map { vector.signer.headers(for: $0, at: vector.time).last?.value ?? "" })
        #expect(signatures.count == changed.count)
    }
}
