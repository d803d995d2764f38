// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import FileIO
import NIOCore
import NIOPosix
import NIOSSL
import ObjectStore
import Synchronization

/// Signs requests, sends them and judges the answers.
///
/// Calls block the calling thread while NIO's event loops do the work, so they are made on threads
/// that may wait, as ``ObjectStore`` says; a call from an event loop would trap.
final class S3Client: Sendable {
    private struct Session {
        var credentials: S3Credentials
        /// The server's clock less ours, in seconds; known once the server has complained.
        var clockOffset: Int64 = 0
    }

    let options: S3Options
    let policy: RetryPolicy
    private let http: HTTPClient
    private let environment: [String: String]
    private let session: Mutex<Session>

    /// A client without a connection so far.
    ///
    /// - Throws: ``S3OptionsError`` if the credentials or certificates cannot be read.
    init(_ options: S3Options, environment: [String: String]) throws(S3OptionsError) {
        let credentials = try options.credentials.load(environment: environment)
        session = Mutex(Session(credentials: credentials))
        http = HTTPClient(
            eventLoopGroupProvider: .shared(.singletonMultiThreadedEventLoopGroup),
            configuration: try Self.configuration(options))
        policy = RetryPolicy(options: options.retry)
        self.options = options
        self.environment = environment
    }

    deinit {
        // It keeps itself alive until its connections are closed; there is nobody to tell of errors.
        http.shutdown { _ in }
    }

    private static func configuration(
        _ options: S3Options
    ) throws(S3OptionsError) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: HTTPClient.Configuration.Timeout(
                connect: TimeAmount(options.timeouts.connect),
                read: TimeAmount(options.timeouts.idle), write: TimeAmount(options.timeouts.idle)))
        configuration.httpVersion = .http1Only
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit =
            options.transfer.connectionCount
        // Tries are counted here, not hidden below.
        configuration.connectionPool.retryConnectionEstablishment = false
        if let path = options.certificateAuthorities {
            var tls = TLSConfiguration.makeClientConfiguration()
            do { tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(path)) } catch {
                throw S3OptionsError("certificateAuthorities", "\(path) cannot be read: \(error)")
            }
            configuration.tlsConfiguration = tls
        }
        return configuration
    }

    /// The time of day by the server's clock, as far as it is known to differ from ours.
    var now: UTCTime {
        UTCTime(seconds: WallClock.milliseconds / 1000 + session.withLock { $0.clockOffset })
    }

    /// Sends a request and waits for its answer, trying again as the options say.
    ///
    /// - Throws: ``ObjectStoreError``.
    func send(_ request: S3Request) throws(ObjectStoreError) -> S3Response {
        try begin(request).response()
    }

    /// Sends a request without waiting for its answer.
    func begin(_ request: S3Request) -> Exchange { Exchange(request, self) }

    /// Signs and sends a request once.
    func start(_ request: S3Request) -> Result<HTTPClient.Task<S3Response>, S3Failure> {
        let credentials = session.withLock { $0.credentials }
        let signer = RequestSigner(credentials: credentials, region: options.region)
        do {
            let collector = ResponseCollector(
                hasBody: request.method != .head, bodyLimit: request.bodyLimit)
            return .success(
                http.execute(
                    request: try request.signed(for: options, by: signer, at: now),
                    delegate: collector, deadline: .now() + TimeAmount(options.timeouts.attempt)))
        } catch {
            return .failure(S3Failure(.refused, "no valid request: \(error)"))
        }
    }

    /// Takes up what a failed try told: a better clock, or that the credentials are old.
    ///
    /// - Returns: whether something changed, so that the request is worth another try at once.
    func learn(from failure: S3Failure) -> Bool {
        switch failure.code {
        case "RequestTimeTooSkewed":
            guard let time = failure.serverTime else { return false }
            let offset = time.seconds - WallClock.milliseconds / 1000
            return session.withLock { session in
                // Within a minute it was not the clock.
                guard abs(offset - session.clockOffset) > 60 else { return false }
                session.clockOffset = offset
                return true
            }
        case "ExpiredToken", "InvalidToken", "TokenRefreshRequired":
            // Whoever renews them writes the file anew. If it cannot be read, the old failure stands.
            guard let credentials = try? options.credentials.load(environment: environment) else {
                return false
            }
            return session.withLock { session in
                guard session.credentials != credentials else { return false }
                session.credentials = credentials
                return true
            }
        default: return false
        }
    }
}
