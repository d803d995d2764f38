// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOSSL

/// TLS below WebSocket, with certificates as browsers know them.
struct WebSocketTLS: Sendable {
    private let server: NIOSSLContext?
    private let client: NIOSSLContext

    /// Reads the certificates.
    ///
    /// - Throws: what NIOSSL says of them.
    init(_ options: WebSocketTLSOptions) throws {
        var configuration = TLSConfiguration.makeClientConfiguration()
        if !options.trustRootsPEM.isEmpty {
            configuration.trustRoots = .certificates(
                try NIOSSLCertificate.fromPEMBytes(options.trustRootsPEM))
        }
        client = try NIOSSLContext(configuration: configuration)
        guard !options.certificateChainPEM.isEmpty else {
            server = nil
            return
        }
        let chain = try NIOSSLCertificate.fromPEMBytes(options.certificateChainPEM)
        let key = try NIOSSLPrivateKey(bytes: options.privateKeyPEM, format: .pem)
        server = try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key)))
    }

    /// Whether there is a certificate to listen with.
    var canListen: Bool { server != nil }

    /// The handler of an accepted connection.
    func makeServer() throws -> NIOSSLServerHandler {
        guard let server else { preconditionFailure("listening without a certificate") }
        return NIOSSLServerHandler(context: server)
    }

    /// The handler of a dialled connection to `serverName`; nil if it is an address.
    func makeClient(serverName: String?) throws -> NIOSSLClientHandler {
        try NIOSSLClientHandler(context: client, serverHostname: serverName)
    }
}
