// SPDX-License-Identifier: Apache-2.0

import FileIO
import Foundation
import TestSupport
import Testing

@testable import S3

/// A real server on loopback, run by `Scripts/s3` for as long as somebody holds this.
struct S3Server {
    /// Which server.
    enum Kind: String, Sendable { case seaweedfs, ceph }

    private static let script = Command(Command.packageRoot.appending(path: "Scripts/s3"))
    /// The exit code by which the script says that it cannot install what it was asked for.
    private static let unavailable: Int32 = 69

    let kind: Kind
    let endpoint: String
    let bucket: String
    let credentials: S3Credentials
    private let process: RunningCommand
    private let keys: (id: String, secret: String)

    /// Why servers cannot be had; nil if they are there.
    static func absence() async throws -> String? {
        let outcome = try await script.run(["setup"])
        guard outcome.status != 0 else { return nil }
        print("s3: skipped: \(outcome.errors)")
        try #require(outcome.status == unavailable, "\(outcome.errors)")
        return outcome.errors
    }

    /// Starts a server with an empty bucket.
    init(_ kind: Kind) async throws {
        process = try RunningCommand(Self.script, [kind.rawValue])
        guard let line = await process.line(),
            let ready = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
            let endpoint = ready["endpoint"] as? String, let bucket = ready["bucket"] as? String,
            let id = ready["accessKeyID"] as? String,
            let secret = ready["secretAccessKey"] as? String
        else {
            let status = await process.end()
            throw Failure(text: "\(kind) ended with \(status): \(process.errors)")
        }
        self.kind = kind
        self.endpoint = endpoint
        self.bucket = bucket
        keys = (id, secret)
        credentials = S3Credentials(accessKeyID: id, secretAccessKey: secret)
    }

    struct Failure: Error, CustomStringConvertible {
        let text: String
        var description: String { text }
    }

    /// A store under a prefix of its own.
    func store(
        _ prefix: String, transfer: S3Options.Transfer = S3Options.Transfer(),
        credentials: S3Credentials? = nil, bucket: String? = nil
    ) throws -> S3ObjectStore {
        var retry = S3Options.Retry()
        retry.attemptCount = 4
        retry.firstDelay = .milliseconds(20)
        return try S3ObjectStore(
            S3Options(
                bucket: bucket ?? self.bucket, prefix: prefix, endpoint: endpoint,
                credentials: .values(credentials ?? self.credentials), transfer: transfer,
                retry: retry), environment: [:])
    }

    /// Runs `aws s3 …` or `aws s3api …` against the server.
    func aws(_ arguments: String...) async throws -> Command.Outcome {
        var command = Self.script
        command.environment = [
            "AWS_ACCESS_KEY_ID": keys.id, "AWS_SECRET_ACCESS_KEY": keys.secret,
            "AWS_DEFAULT_REGION": "us-east-1", "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_EC2_METADATA_DISABLED": "true",
        ]
        let outcome = try await command.run(["aws", "--endpoint-url", endpoint] + arguments)
        #expect(outcome.status == 0, "aws \(arguments): \(outcome.errors)")
        return outcome
    }

    /// Runs blocking calls where they belong.
    func run<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result { try await BlockingPool.shared.run(body) }

    /// Stops the server, and waits until it has gone.
    func stop() async {
        process.send("stop")
        _ = await process.end()
    }
}
