// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import Libp2p
import NIOSSL
import SwiftASN1
import TestSupport
import Testing
import X509

@testable import Libp2pNIO

@Suite
struct TLSCertificateTests {
    private let identity = PrivateKey.makeEd25519()
    private let key = P256.Signing.PrivateKey()
    private let now = Date(timeIntervalSince1970: 1_750_000_000)

    @Test
    func `a certificate of our own names its identity`() throws {
        let der = try TLSIdentity.makeCertificate(for: identity, key: key, now: now)
        #expect(try TLSPeerCertificate.verify(chain: [der], now: now) == identity.publicKey)
    }

    @Test(arguments: [-3601.0, 101 * 365.25 * 86400])
    func `a certificate before or after its time is refused`(_ offset: TimeInterval) throws {
        let der = try TLSIdentity.makeCertificate(for: identity, key: key, now: now)
        expectError(.notValidNow, [der], now: now.addingTimeInterval(offset))
    }

    @Test(arguments: [0, 2])
    func `anything but one certificate is refused`(_ count: Int) throws {
        let der = try TLSIdentity.makeCertificate(for: identity, key: key, now: now)
        expectError(.chain(count: count), Array(repeating: der, count: count), now: now)
    }

    @Test
    func `a signature of another certificate's key is refused`() throws {
        let other = P256.Signing.PrivateKey()
        let signature = try identity.sign(
            TLSPeerCertificate.signaturePrefix + Array(other.publicKey.derRepresentation))
        let value = try TLSPeerCertificate.encode(
            publicKey: identity.publicKey, signature: signature)
        expectError(
            .identitySignature,
            [try makeCertificate([(TLSPeerCertificate.extensionOID, false, value)])], now: now)
    }

    @Test
    func `the extension may be critical, unknown ones may not`() throws {
        let value = try ownExtension()
        let der = try makeCertificate([(TLSPeerCertificate.extensionOID, true, value)])
        #expect(try TLSPeerCertificate.verify(chain: [der], now: now) == identity.publicKey)
        for isCritical in [false, true] {
            let der = try makeCertificate([
                ([1, 3, 6, 1, 4, 1, 53594, 9], isCritical, [5, 0]),
                (TLSPeerCertificate.extensionOID, false, value),
            ])
            if isCritical {
                expectError(.unknownCriticalExtension, [der], now: now)
            } else {
                #expect(try TLSPeerCertificate.verify(chain: [der], now: now) == identity.publicKey)
            }
        }
    }

    @Test
    func `a certificate without the extension, or with nonsense in it, is refused`() throws {
        expectError(.noIdentity, [try makeCertificate([])], now: now)
        let value = try ownExtension()
        for count in 0..<value.count {
            let cut = Array(value.prefix(count))
            let der = try makeCertificate([(TLSPeerCertificate.extensionOID, false, cut)])
            expectError(.identity, [der], now: now)
        }
    }

    @Test
    func `a flipped bit in what is signed is found, and none gives another identity`() throws {
        let der = try TLSIdentity.makeCertificate(for: identity, key: key, now: now)
        // SEQUENCE { SEQUENCE { what is signed }, algorithm, signature }, each length in two bytes.
        let signed = 4..<8 + (Int(der[6]) << 8 | Int(der[7]))
        for index in der.indices {
            var bytes = der
            bytes[index] ^= 1
            do {
                let found = try TLSPeerCertificate.verify(chain: [bytes], now: now)
                #expect(!signed.contains(index), "byte \(index)")
                #expect(found == identity.publicKey, "byte \(index)")
            } catch {}
        }
    }

    @Test
    func `no change makes it trap`() throws {
        let der = try TLSIdentity.makeCertificate(for: identity, key: key, now: now)
        var random = SeededGenerator(seed: SeededGenerator.runSeed)
        for _ in 0..<3000 {
            var bytes = der
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[index] = .random(in: 0...255, using: &random)
                case 1: bytes.remove(at: index)
                default: bytes.insert(.random(in: 0...255, using: &random), at: index)
                }
            }
            // Most are refused; those that are not give no other identity.
            let found = try? TLSPeerCertificate.verify(chain: [bytes], now: now)
            #expect(found == nil || found == identity.publicKey)
        }
    }

    private func ownExtension() throws -> [UInt8] {
        let signature = try identity.sign(
            TLSPeerCertificate.signaturePrefix + Array(key.publicKey.derRepresentation))
        return try TLSPeerCertificate.encode(publicKey: identity.publicKey, signature: signature)
    }

    private func makeCertificate(
        _ extensions: [(ASN1ObjectIdentifier, Bool, [UInt8])]
    ) throws -> [UInt8] {
        let name = try DistinguishedName { CommonName("test") }
        let certificate = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(),
            publicKey: Certificate.PublicKey(key.publicKey),
            notValidBefore: now.addingTimeInterval(-60), notValidAfter: now.addingTimeInterval(60),
            issuer: name, subject: name, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions(
                extensions.map {
                    Certificate.Extension(oid: $0.0, critical: $0.1, value: $0.2[...])
                }),
            issuerPrivateKey: Certificate.PrivateKey(key))
        var serializer = DER.Serializer()
        try serializer.serialize(certificate)
        return serializer.serializedBytes
    }

    private func expectError(
        _ error: TLSCertificateError, _ chain: [[UInt8]], now: Date,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(throws: error, sourceLocation: sourceLocation) {
            try TLSPeerCertificate.verify(chain: chain, now: now)
        }
    }
}
