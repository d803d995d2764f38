// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import NIOCore
import NIOPosix
import NIOSSL

extension S3Failure {
    /// The failure that an error of the HTTP client stands for.
    init(transport error: any Error) {
        switch error {
        case let failure as S3Failure: self = failure
        case let error as ResponseCollector.BodyTooLong:
            self.init(
                .unverified, "an answer (\(error.status)) longer than \(error.limit) bytes")
        case let error as NIOConnectionError: self.init(.transport, Self.text(error))
        case let error as NIOSSLError where Self.isHandshake(error):
            self.init(
                .refused,
                "no TLS connection: \(error); check the server's certificate, or name its authority "
                    + "in the option for certificate authorities")
        case let error as NIOSSLExtraError:
            self.init(.refused, "no TLS connection: \(error); check the server's certificate")
        case let error as HTTPClientError: self.init(Self.kind(error), Self.text(error))
        default: self.init(.transport, "\(error)")
        }
    }

    private static func isHandshake(_ error: NIOSSLError) -> Bool {
        if case .handshakeFailed(let cause) = error {
            // A server that hung up in the handshake may be there again later.
            if case .sslError = cause { return true }
        }
        return false
    }

    private static func kind(_ error: HTTPClientError) -> Kind {
        switch error {
        case .alreadyShutdown, .cancelled, .invalidURL, .emptyHost, .emptyScheme: .refused
        default: .transport
        }
    }

    private static func text(_ error: HTTPClientError) -> String {
        switch error {
        case .connectTimeout, .getConnectionFromPoolTimeout: "no connection within the time limit"
        case .tlsHandshakeTimeout: "no TLS handshake within the time limit"
        case .readTimeout: "no bytes came within the time limit"
        case .writeTimeout: "no bytes went out within the time limit"
        case .deadlineExceeded: "the try took longer than its time limit"
        case .remoteConnectionClosed: "the connection was cut"
        default: error.shortDescription
        }
    }

    private static func text(_ error: NIOConnectionError) -> String {
        if let reason = error.connectionErrors.first?.error {
            if let reason = reason as? NIOCore.IOError {
                return "no connection: \(reason.description)"
            }
            return text(connecting: reason)
        }
        return "no address of \(error.host) is known"
    }

    private static func text(connecting error: any Error) -> String {
        if case ChannelError.connectTimeout = error { return "no connection within the time limit" }
        return "no connection: \(error)"
    }
}
