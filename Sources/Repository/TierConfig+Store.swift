// SPDX-License-Identifier: Apache-2.0

import BlockStore
package import ObjectStore
import S3

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension TierConfig {
    /// The tier's store, opened when it is first used.
    func store(
        ofRepository path: String, _ connect: @escaping Repository.StoreConnector
    ) -> TierObjectStore {
        let readGranularity =
            switch backend {
            case .directory: 0
            case .bucket: Self.bucketReadGranularity
            }
        return TierObjectStore(
            self, identity: RepositoryIdentity(path: path), readGranularity: readGranularity,
            connect: connect)
    }

    /// Reads of fewer bytes take a request's way there and back as well: a guess of 30 ms at some
    /// ten megabytes a second.
    private static let bucketReadGranularity = 256 << 10

    /// Opens what a tier is configured to lie in.
    package static func connect(
        _ config: TierConfig
    ) throws(ObjectStoreError) -> any ObjectStore {
        switch config.backend {
        case .directory(let path): return try DirectoryObjectStore(existing: path)
        case .bucket(let bucket):
            do throws(S3OptionsError) {
                return try S3ObjectStore(try bucket.options(), environment: Self.environment)
            } catch {
                throw ObjectStoreError(.unavailable, key: nil, message: "\(error)", cause: error)
            }
        }
    }

    /// The variables that credentials may come from.
    private static var environment: [String: String] {
        var values: [String: String] = [:]
        for name in [
            "HOME", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
            "AWS_PROFILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE",
        ] {
            // The value is copied before anything can change it.
            if let value = unsafe getenv(name) { values[name] = unsafe String(cString: value) }
        }
        return values
    }
}

extension BucketConfig {
    /// What the client is told.
    fileprivate func options() throws(S3OptionsError) -> S3Options {
        let source: S3CredentialSource
        if let credentials {
            source = .values(
                S3Credentials(
                    accessKeyID: credentials.accessKeyID,
                    secretAccessKey: credentials.secretAccessKey))
        } else if let credentialsFile {
            source = .file(credentialsFile, profile: profile)
        } else if let profile {
            source = .profile(profile)
        } else {
            source = .automatic
        }
        return try S3Options(
            bucket: bucket, prefix: prefix, endpoint: endpoint, region: region,
            addressing: usesPathStyle.map { $0 ? .path : .virtualHost },
            storageClass: storageClass, credentials: source, allowsPlainHTTP: allowsPlainHTTP,
            certificateAuthorities: certificateAuthorities)
    }
}
