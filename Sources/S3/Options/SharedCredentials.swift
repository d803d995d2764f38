// SPDX-License-Identifier: Apache-2.0

import FileIO

/// The credentials and config files that AWS's own tools share
/// (<https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html>).
struct SharedCredentials {
    /// Larger files are refused; a guess far above any use.
    static let fileByteLimit: Int64 = 1 << 20
    /// Keys of profiles whose credentials only AWS's tools can fetch.
    private static let indirections = [
        "credential_process", "sso_session", "sso_start_url", "role_arn", "web_identity_token_file",
    ]

    /// The files in the order in which they count, and how each names the section of a profile.
    private let files: [(path: String, isConfig: Bool)]
    private let profileOfEnvironment: String?

    /// The files that `environment` names, or those below `HOME`; only `credentialsPath` if given.
    init(_ environment: [String: String], credentialsPath: String? = nil) {
        let folder = environment["HOME"].map { $0 + "/.aws/" }
        func path(_ variable: String, _ name: String) -> String? {
            environment[variable] ?? folder.map { $0 + name }
        }
        if let credentialsPath {
            files = [(credentialsPath, false)]
        } else {
            files = [
                (path("AWS_SHARED_CREDENTIALS_FILE", "credentials"), false),
                (path("AWS_CONFIG_FILE", "config"), true),
            ].compactMap { path, isConfig in path.map { ($0, isConfig) } }
        }
        profileOfEnvironment = environment["AWS_PROFILE"]
    }

    /// The credentials of a profile: of `AWS_PROFILE` or `default` if it is nil.
    ///
    /// - Throws: ``S3OptionsError`` that names the files and what is missing.
    func load(profile name: String?) throws(S3OptionsError) -> S3Credentials {
        let name = name ?? profileOfEnvironment ?? "default"
        var settings: [String: String] = [:]
        for (path, isConfig) in files {
            guard let text = try Self.read(path) else { continue }
            let section = isConfig && name != "default" ? "profile \(name)" : name
            let found = Self.settings(of: section, in: text)
            settings.merge(found ?? [:]) { first, _ in first }
        }
        if let id = settings["aws_access_key_id"], let secret = settings["aws_secret_access_key"],
            !id.isEmpty, !secret.isEmpty
        {
            return S3Credentials(
                accessKeyID: id, secretAccessKey: secret,
                sessionToken: settings["aws_session_token"])
        }
        let places = files.map(\.path).joined(separator: " or ")
        if let indirection = Self.indirections.first(where: { settings[$0] != nil }) {
            throw S3OptionsError(
                "credentials",
                "profile \(name) in \(places) gets its key by \(indirection), which only AWS's "
                    + "tools can do; run `aws configure export-credentials --profile \(name) "
                    + "--format env` and set the variables that it prints")
        }
        throw S3OptionsError(
            "credentials",
            "no aws_access_key_id and aws_secret_access_key for profile \(name) in "
                + "\(places.isEmpty ? "any file: HOME is not set" : places); set "
                + "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run `aws configure`")
    }

    /// The file's text; nil if there is no such file.
    private static func read(_ path: String) throws(S3OptionsError) -> String? {
        let bytes: [UInt8]?
        do throws(IOError) {
            let file = try File(path, .read)
            let byteCount = try file.status().byteCount
            bytes = byteCount <= fileByteLimit ? try file.readExactly(Int(byteCount), at: 0) : nil
        } catch {
            if error.code == .notFound { return nil }
            throw S3OptionsError("credentials", error.description)
        }
        guard let bytes else {
            throw S3OptionsError("credentials", "\(path) is more than \(fileByteLimit) bytes long")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The keys and values of one section, the last of the same name; nil if there is no such section.
    ///
    /// Indented lines belong to a nested setting and are passed over.
    static func settings(of section: String, in text: String) -> [String: String]? {
        var settings: [String: String]?
        var isInside = false
        for line in text.split(whereSeparator: \.isNewline) {
            let bare = line.trimmingBlanks
            if bare.isEmpty || bare.hasPrefix("#") || bare.hasPrefix(";") { continue }
            if bare.hasPrefix("["), let end = bare.firstIndex(of: "]") {
                let name = bare[bare.index(after: bare.startIndex)..<end]
                isInside =
                    name.split(whereSeparator: \.isWhitespace) == section.split(separator: " ")
                if isInside { settings = settings ?? [:] }
            } else if isInside, line.first?.isWhitespace == false,
                let sign = bare.firstIndex(of: "=")
            {
                let key = bare[..<sign].trimmingBlanks.lowercased()
                settings?[key] = String(bare[bare.index(after: sign)...].trimmingBlanks)
            }
        }
        return settings
    }
}
