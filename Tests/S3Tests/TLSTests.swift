// SPDX-License-Identifier: Apache-2.0

import Crypto
import FileIO
import Foundation
import NIOSSL
import ObjectStore
import SwiftASN1
import TestSupport
import Testing
import X509

@testable import S3

struct TLSTests {
    private let scratch: TemporaryDirectory
    private let server: FaultServer
    private let bucket = MemoryBucket()

    init() throws {
        scratch = try TemporaryDirectory()
        let (certificate, key) = try Self.selfSigned()
        try Data(certificate.utf8).write(to: URL(filePath: scratch.path("authority.pem")))
        let context = try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: [
                    .certificate(
                        try NIOSSLCertificate(bytes: Array(certificate.utf8), format: .pem))
                ],
                privateKey: .privateKey(
                    try NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem))))
        server = try FaultServer(tls: context) { [bucket] in bucket.respond($0) }
    }

    /// A certificate for `localhost` that is its own authority, and its key.
    private static func selfSigned() throws -> (certificate: String, key: String) {
        let key = P256.Signing.PrivateKey()
        let name = try DistinguishedName { CommonName("localhost") }
        let certificate = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(),
            publicKey: Certificate.PublicKey(key.publicKey),
            notValidBefore: Date.now - 3600, notValidAfter: Date.now + 3600, issuer: name,
            subject: name, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
                SubjectAlternativeNames([.dnsName("localhost")])
            }, issuerPrivateKey: Certificate.PrivateKey(key))
        return (try certificate.serializeAsPEM().pemString, key.pemRepresentation)
    }

    private func store(_ host: String, authorities: String?) throws -> S3ObjectStore {
        var retry = S3Options.Retry()
        retry.attemptCount = 2
        retry.firstDelay = .milliseconds(1)
        return try S3ObjectStore(
            S3Options(
                bucket: "packs", endpoint: "https://\(host):\(server.port)",
                credentials: .values(.test), certificateAuthorities: authorities, retry: retry),
            environment: [:])
    }

    @Test func `a server whose authority is named is trusted`() async throws {
        let store = try store("localhost", authorities: scratch.path("authority.pem"))
        let found = try await BlockingPool.shared.run {
            try store.put("object", [1, 2, 3])
            return try store.open(try #require(ObjectKey("object"))).read(3, at: 0)
        }
        #expect(found == [1, 2, 3])
    }

    @Test(arguments: [false, true])
    func `a server that nobody vouches for, or of another name, is refused at once`(
        _ isKnown: Bool
    ) async throws {
        let store = try store(
            isKnown ? "127.0.0.1" : "localhost",
            authorities: isKnown ? scratch.path("authority.pem") : nil)
        let error = await #expect(throws: ObjectStoreError.self) {
            try await BlockingPool.shared.run { try store.list() }
        }
        #expect(error?.code == .other, "\(error?.message ?? "")")
        #expect(error?.message.contains("certificate") == true, "\(error?.message ?? "")")
        #expect(server.requests.isEmpty)
    }

    @Test func `authorities that cannot be read are named`() throws {
        let error = #expect(throws: S3OptionsError.self) {
            try store("localhost", authorities: scratch.path("absent.pem"))
        }
        #expect(error?.option == "certificateAuthorities")
    }
}
