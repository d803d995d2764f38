// SPDX-License-Identifier: Apache-2.0

import Repository
import Testing

/// What `config.yaml` may say.
struct RepositoryConfigTests {
    @Test func `the file of a new repository is understood`() throws {
        let config = try RepositoryConfig("# c\nformat: 1\n", path: "config.yaml")
        #expect(config == RepositoryConfig())
    }

    @Test func `sections are read with their places`() throws {
        let config = try RepositoryConfig(
            "format: 1\nprofile: unixfs-v0-2015\nnetwork:\n  listen: [/ip4/1.2.3.4/tcp/1]\n  bootstrap: none\n  low-water: 5\n",
            path: "c")
        #expect(config.profile == "unixfs-v0-2015")
        #expect(config.network.listen?.map(\.value) == ["/ip4/1.2.3.4/tcp/1"])
        #expect(config.network.listen?.first?.place.description == "c:4:12")
        #expect(config.network.bootstrap == [])
        #expect(config.network.lowWater?.value == 5)
    }

    @Test(arguments: [
        ("format: 2", RepositoryError.Code.newerFormat, "c:1:1: the repository has format 2"),
        ("format: 2\nnew-key: 1", .newerFormat, "use a newer release"),
        ("format: x", .badConfig, "c:1:9: \"x\" must be a whole number from 1"),
        ("format: 1\nprofil: a", .badConfig, "c:2:1: unknown key profil; did you mean profile?"),
        ("format: 1\nnetwork:\n  announce-hours: 49", .badConfig, "c:3:19: \"49\" must be"),
        ("format: 1\nnetwork:", .badConfig, "c:2:1: network has no value"),
        ("", .badConfig, "must hold keys and values"),
    ])
    func `a wrong line is named`(
        _ text: String, _ code: RepositoryError.Code, _ message: String
    ) {
        let error = #expect(throws: RepositoryError.self) {
            try RepositoryConfig(text, path: "c")
        }
        #expect(error?.code == code)
        #expect(error?.message.contains(message) == true, "\(String(describing: error))")
    }
}
