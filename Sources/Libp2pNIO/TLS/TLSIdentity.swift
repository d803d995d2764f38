// SPDX-License-Identifier: Apache-2.0

import Crypto
import Libp2p
import NIOCore
import NIOSSL
import SwiftASN1
import X509

import struct Foundation.Date

/// This host in the TLS profile of libp2p: a fresh P-256 key, and a self-signed certificate in
/// which the identity key vouches for it.
///
/// One is made per host and run; making it costs two signatures.
struct TLSIdentity: Sendable {
    /// The muxers that are offered in ALPN, best first, and the name that stands for negotiating
    /// the muxer inside.
    static let applicationProtocols = ["/yamux/1.0.0", "libp2p"]

    private let client: NIOSSLContext
    private let server: NIOSSLContext

    /// Makes the certificate.
    ///
    /// - Throws: what Crypto, X509 and NIOSSL throw; not to be expected.
    init(_ identity: PrivateKey, now: Date = Date()) throws {
        let key = P256.Signing.PrivateKey()
        let certificate = try Self.makeCertificate(for: identity, key: key, now: now)
        let chain: [NIOSSLCertificateSource] = [
            .certificate(try NIOSSLCertificate(bytes: certificate, format: .der))
        ]
        let privateKey = NIOSSLPrivateKeySource.privateKey(
            try NIOSSLPrivateKey(bytes: Array(key.derRepresentation), format: .der))
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain, privateKey: privateKey)
        Self.configure(&configuration)
        server = try NIOSSLContext(configuration: configuration)
        configuration = .makeClientConfiguration()
        configuration.certificateChain = chain
        configuration.privateKey = privateKey
        Self.configure(&configuration)
        client = try NIOSSLContext(configuration: configuration)
    }

    private static func configure(_ configuration: inout TLSConfiguration) {
        configuration.minimumTLSVersion = .tlsv13
        configuration.applicationProtocols = applicationProtocols
        // Asks for a certificate and insists on it; what is in it is for the callback to judge.
        configuration.certificateVerification = .noHostnameVerification
        configuration.sendCANameList = false
        configuration.shutdownTimeout = .seconds(1)
    }

    /// The DER of a certificate for `key`, in which `identity` vouches for it.
    static func makeCertificate(
        for identity: PrivateKey, key: P256.Signing.PrivateKey, now: Date
    ) throws -> [UInt8] {
        let info = Array(key.publicKey.derRepresentation)
        let signature = try identity.sign(TLSPeerCertificate.signaturePrefix + info)
        let value = try TLSPeerCertificate.encode(
            publicKey: identity.publicKey, signature: signature)
        let name = try DistinguishedName { CommonName("libp2p") }
        let certificate = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(),
            publicKey: Certificate.PublicKey(key.publicKey),
            // As go-libp2p: an hour for clocks that are behind, and longer than any run.
            notValidBefore: now.addingTimeInterval(-3600),
            notValidAfter: now.addingTimeInterval(100 * 365.25 * 86400),
            issuer: name, subject: name, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions([
                Certificate.Extension(
                    oid: TLSPeerCertificate.extensionOID, critical: false, value: value[...])
            ]),
            issuerPrivateKey: Certificate.PrivateKey(key))
        var serializer = DER.Serializer()
        try serializer.serialize(certificate)
        return serializer.serializedBytes
    }

    /// The handler for one connection; `verified` is called once, on the event loop, when the
    /// peer's certificate has been accepted, before the handshake is complete.
    func makeHandler(
        isInitiator: Bool, verified: @escaping @Sendable (PublicKey) -> Void
    ) throws -> NIOSSLHandler {
        let callback: NIOSSLCustomVerificationCallback = { certificates, promise in
            do {
                let chain = try certificates.map { try $0.toDERBytes() }
                verified(try TLSPeerCertificate.verify(chain: chain, now: Date()))
                promise.succeed(.certificateVerified)
            } catch { promise.succeed(.failed) }
        }
        if isInitiator {
            return try NIOSSLClientHandler(
                context: client, serverHostname: nil, customVerificationCallback: callback)
        }
        return NIOSSLServerHandler(context: server, customVerificationCallback: callback)
    }
}
