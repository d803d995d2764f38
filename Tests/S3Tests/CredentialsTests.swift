// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import S3

struct CredentialsTests {
    private let home: TemporaryDirectory

    init() throws {
        home = try TemporaryDirectory()
        try FileManager.default.createDirectory(
            atPath: home.path(".aws"), withIntermediateDirectories: true)
    }

    private func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(filePath: home.path(name)))
    }

    private func load(
        _ source: S3CredentialSource, _ environment: [String: String] = [:]
    ) throws -> S3Credentials {
        try source.load(
            environment: environment.merging(["HOME": home.url.path]) { ours, _ in ours })
    }

    private func message(
        _ source: S3CredentialSource, _ environment: [String: String] = [:]
    ) -> String {
        let error = #expect(throws: S3OptionsError.self) { try load(source, environment) }
        #expect(error?.option == "credentials")
        return error?.message ?? ""
    }

    private static let credentials = """
        # keys
        [default]
        aws_access_key_id = DEFAULTID
        aws_secret_access_key=default+secret/=
        \u{20}
        [ other ]
        AWS_ACCESS_KEY_ID = OTHERID
        aws_secret_access_key = other-secret
        aws_session_token = other-token
        [half]
        aws_access_key_id = HALFID
        """
    private static let config = """
        [default]
        region = eu-west-1
        [profile half]
        aws_secret_access_key = half-secret
        s3 =
          aws_access_key_id = NESTED
        [profile single]
        sso_session = work
        [other]
        aws_access_key_id = NOT-A-PROFILE
        """

    @Test func `the environment counts first, unless it names a profile`() throws {
        try write(".aws/credentials", Self.credentials)
        let environment = [
            "AWS_ACCESS_KEY_ID": "ENVID", "AWS_SECRET_ACCESS_KEY": "env-secret",
            "AWS_SESSION_TOKEN": "",
        ]
        let found = S3Credentials(accessKeyID: "ENVID", secretAccessKey: "env-secret")
        #expect(try load(.automatic, environment) == found)
        #expect(try load(.environment, environment) == found)
        var withProfile = environment
        withProfile["AWS_PROFILE"] = "other"
        #expect(try load(.automatic, withProfile).accessKeyID == "OTHERID")
        #expect(try load(.automatic).accessKeyID == "DEFAULTID")
        var withToken = environment
        withToken["AWS_SESSION_TOKEN"] = "token"
        #expect(try load(.environment, withToken).sessionToken == "token")
    }

    @Test func `profiles are read from the shared files`() throws {
        try write(".aws/credentials", Self.credentials)
        try write(".aws/config", Self.config)
        #expect(
            try load(.profile(nil))
                == S3Credentials(accessKeyID: "DEFAULTID", secretAccessKey: "default+secret/="))
        #expect(
            try load(.profile("other"))
                == S3Credentials(
                    accessKeyID: "OTHERID", secretAccessKey: "other-secret",
                    sessionToken: "other-token"))
        #expect(
            try load(.profile("half"))
                == S3Credentials(accessKeyID: "HALFID", secretAccessKey: "half-secret"))
        #expect(try load(.profile(nil), ["AWS_PROFILE": "half"]).accessKeyID == "HALFID")
    }

    @Test func `files may lie elsewhere`() throws {
        try write("keys", Self.credentials)
        #expect(
            try load(.profile("other"), ["AWS_SHARED_CREDENTIALS_FILE": home.path("keys")])
                .accessKeyID == "OTHERID")
        #expect(try load(.file(home.path("keys"), profile: "other")).accessKeyID == "OTHERID")
    }

    @Test func `what is missing is named with a way out`() throws {
        #expect(message(.environment).contains("AWS_ACCESS_KEY_ID"))
        #expect(
            message(.environment, ["AWS_ACCESS_KEY_ID": "x"]).contains("AWS_SECRET_ACCESS_KEY"))
        #expect(message(.automatic).contains("\(home.url.path)/.aws/credentials"))
        try write(".aws/credentials", Self.credentials)
        try write(".aws/config", Self.config)
        #expect(message(.profile("absent")).contains("profile absent"))
        let single = message(.profile("single"))
        #expect(single.contains("sso_session"))
        #expect(single.contains("export-credentials"))
        try write("large", String(repeating: "#", count: 2 << 20))
        #expect(message(.file(home.path("large"), profile: nil)).contains("bytes long"))
    }

    @Test func `no text of credentials shows a key`() throws {
        let credentials = S3Credentials(
            accessKeyID: "SECRETID", secretAccessKey: "SECRETKEY", sessionToken: "SECRETTOKEN")
        let options = try S3Options(bucket: "packs", credentials: .values(credentials))
        var dumped = ""
        dump(options, to: &dumped)
        for text in ["\(credentials)", String(reflecting: credentials), "\(options)", dumped] {
            #expect(!text.contains("SECRET"), "\(text)")
        }
    }
}
