// SPDX-License-Identifier: Apache-2.0

import Libp2p
import SwiftASN1
import X509

import struct Foundation.Date

/// Reads who a peer is from its certificate, in the TLS profile of libp2p.
///
/// Spec: <https://github.com/libp2p/specs/blob/master/tls/tls.md>.
enum TLSPeerCertificate {
    /// The extension that binds the certificate to the peer's identity key.
    static let extensionOID: ASN1ObjectIdentifier = [1, 3, 6, 1, 4, 1, 53594, 1, 1]
    /// What the identity key signs, before the certificate's SubjectPublicKeyInfo.
    static let signaturePrefix = Array("libp2p-tls-handshake:".utf8)
    /// Longest certificate that is looked at: an RSA identity of 8192 bits takes about 2.5 KiB.
    static let maximumByteCount = 16 << 10

    /// Extensions that are understood well enough to be critical: the usual ones say nothing that
    /// matters here.
    private static let knownOIDs: Set<ASN1ObjectIdentifier> = [
        extensionOID, .X509ExtensionID.basicConstraints, .X509ExtensionID.keyUsage,
        .X509ExtensionID.extendedKeyUsage, .X509ExtensionID.subjectAlternativeName,
        .X509ExtensionID.subjectKeyIdentifier, .X509ExtensionID.authorityKeyIdentifier,
    ]

    /// Checks a chain, which must be one self-signed certificate that is valid now, with the
    /// extension and a right signature in it.
    ///
    /// - Throws: ``TLSCertificateError``.
    static func verify(chain: [[UInt8]], now: Date) throws(TLSCertificateError) -> PublicKey {
        guard chain.count == 1 else { throw .chain(count: chain.count) }
        let der = chain[0]
        guard der.count <= maximumByteCount else { throw .malformed }
        let certificate: Certificate
        let subjectPublicKeyInfo: [UInt8]
        do {
            certificate = try Certificate(derEncoded: der)
            subjectPublicKeyInfo = try Self.subjectPublicKeyInfo(of: der)
        } catch { throw .malformed }
        guard certificate.notValidBefore <= now, now <= certificate.notValidAfter else {
            throw .notValidNow
        }
        guard certificate.publicKey.isValidSignature(certificate.signature, for: certificate) else {
            throw .selfSignature
        }
        var identity: ArraySlice<UInt8>?
        for item in certificate.extensions {
            if item.critical, !knownOIDs.contains(item.oid) { throw .unknownCriticalExtension }
            if item.oid == extensionOID {
                if identity != nil { throw .identity }
                identity = item.value
            }
        }
        guard let identity else { throw .noIdentity }
        return try verify(identity: identity, of: subjectPublicKeyInfo)
    }

    /// The value of the extension: the identity key and its signature over the certificate's key.
    static func encode(publicKey: PublicKey, signature: [UInt8]) throws -> [UInt8] {
        var serializer = DER.Serializer()
        try serializer.appendConstructedNode(identifier: .sequence) { serializer in
            try serializer.serialize(ASN1OctetString(contentBytes: publicKey.protobuf[...]))
            try serializer.serialize(ASN1OctetString(contentBytes: signature[...]))
        }
        return serializer.serializedBytes
    }

    /// The key of a certificate as it stands in it, which is what was signed.
    ///
    /// Not asked of NIOSSL, which traps on keys that BoringSSL cannot read.
    private static func subjectPublicKeyInfo(of der: [UInt8]) throws -> [UInt8] {
        try DER.sequence(try DER.parse(der), identifier: .sequence) { nodes in
            guard let signed = nodes.next() else { throw TLSCertificateError.malformed }
            while nodes.next() != nil {}
            return try DER.sequence(signed, identifier: .sequence) { nodes in
                // Version, serial number, algorithm, issuer, validity and subject come before; the
                // version is there in all certificates that have extensions.
                for _ in 0..<6 { _ = nodes.next() }
                guard let key = nodes.next() else { throw TLSCertificateError.malformed }
                while nodes.next() != nil {}
                return Array(key.encodedBytes)
            }
        }
    }

    private static func verify(
        identity: ArraySlice<UInt8>, of subjectPublicKeyInfo: [UInt8]
    ) throws(TLSCertificateError) -> PublicKey {
        let key: PublicKey
        let signature: ArraySlice<UInt8>
        do {
            let parts = try DER.sequence(try DER.parse(identity), identifier: .sequence) { nodes in
                (try ASN1OctetString(derEncoded: &nodes), try ASN1OctetString(derEncoded: &nodes))
            }
            key = try PublicKey(protobuf: Array(parts.0.bytes))
            signature = parts.1.bytes
        } catch { throw .identity }
        guard key.verify(signature, of: signaturePrefix + subjectPublicKeyInfo) else {
            throw .identitySignature
        }
        return key
    }
}

/// What is wrong with a peer's certificate.
enum TLSCertificateError: Error, Hashable, Sendable {
    /// Not exactly one certificate.
    case chain(count: Int)
    /// Not a certificate, or too long.
    case malformed
    /// Before or after its time.
    case notValidNow
    /// Not signed by its own key.
    case selfSignature
    /// A critical extension that is unknown here.
    case unknownCriticalExtension
    /// The extension with the identity is missing.
    case noIdentity
    /// The extension is malformed, or holds a key that is none.
    case identity
    /// The identity key did not sign the certificate's key.
    case identitySignature
}
