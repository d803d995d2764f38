// SPDX-License-Identifier: Apache-2.0

/// An access key with its secret; shows neither in texts nor in dumps.
public struct S3Credentials: Hashable, Sendable {
    /// The public half of the key.
    public let accessKeyID: String
    let secretAccessKey: String
    let sessionToken: String?

    /// Credentials as a user or a token service gave them; none is empty.
    public init(accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
    }
}

extension S3Credentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Says that there are credentials, not which.
    public var description: String { "S3Credentials(…)" }
    /// The same.
    public var debugDescription: String { description }
    /// A mirror without children, so that `dump` shows nothing either.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Where credentials come from.
public enum S3CredentialSource: Hashable, Sendable {
    /// These.
    case values(S3Credentials)
    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and, if set, `AWS_SESSION_TOKEN`.
    case environment
    /// A profile of the shared files (`~/.aws/credentials`, `~/.aws/config`, or those that
    /// `AWS_SHARED_CREDENTIALS_FILE` and `AWS_CONFIG_FILE` name); nil for `AWS_PROFILE`, else
    /// `default`.
    case profile(String?)
    /// A profile of one file of that format.
    case file(String, profile: String?)
    /// The environment if it has a key and `AWS_PROFILE` is not set, else the shared files.
    case automatic

    /// Reads the credentials anew.
    ///
    /// Blocks. `environment` are the variables of the process, `HOME` among them.
    /// - Throws: ``S3OptionsError`` on `credentials`.
    public func load(environment: [String: String]) throws(S3OptionsError) -> S3Credentials {
        switch self {
        case .values(let credentials): return credentials
        case .environment: return try Self.fromEnvironment(environment)
        case .profile(let name):
            return try SharedCredentials(environment).load(profile: name)
        case .file(let path, let name):
            return try SharedCredentials(environment, credentialsPath: path).load(profile: name)
        case .automatic:
            let hasKey = environment["AWS_ACCESS_KEY_ID"]?.isEmpty == false
            return hasKey && environment["AWS_PROFILE"] == nil
                ? try Self.fromEnvironment(environment)
                : try SharedCredentials(environment).load(profile: nil)
        }
    }

    private static func fromEnvironment(
        _ environment: [String: String]
    ) throws(S3OptionsError) -> S3Credentials {
        for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]
        where environment[name]?.isEmpty != false {
            throw S3OptionsError("credentials", "the environment variable \(name) is not set")
        }
        let token = environment["AWS_SESSION_TOKEN"]
        return S3Credentials(
            accessKeyID: environment["AWS_ACCESS_KEY_ID", default: ""],
            secretAccessKey: environment["AWS_SECRET_ACCESS_KEY", default: ""],
            sessionToken: token?.isEmpty == false ? token : nil)
    }
}
