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

    @Test func `who the node has to do with is read`() throws {
        let network = try RepositoryConfig(
            "network: {static-peer: [/a, /b], announce-address: [/c], swarm-key: /k, allow-peer: [d], deny-peer: none, name-server: [192.0.2.53]}",
            path: "c"
        ).network
        #expect(network.staticPeer?.map(\.value) == ["/a", "/b"])
        #expect(network.announceAddress?.map(\.value) == ["/c"])
        #expect(network.swarmKey?.value == "/k")
        #expect(network.allowPeer?.map(\.value) == ["d"])
        #expect(network.denyPeer == [])
        #expect(network.nameServer?.map(\.value) == ["192.0.2.53"])
    }

    @Test func `the section gc is read, marks as sizes or shares`() throws {
        let config = try RepositoryConfig(
            "gc: {if-above: 5GiB, until: 4GiB, io-limit: 20MiB, repack-cold: true, merge-below: 0}",
            path: "c"
        ).collection
        #expect(config.storedAbove == .bytes(5 << 30) && config.until == .bytes(4 << 30))
        #expect(config.bytesPerSecond == 20 << 20 && config.repacksCold == true)
        #expect(config.mergeBelow == 0 && config.freeBelow == nil && config.repackBelow == nil)
    }

    @Test func `what one section leaves out is taken from another, marks together`() throws {
        let general = try RepositoryConfig(
            "gc: {if-free-below: 10%, until: 20%, repack-below: 70%, wait: 1m}", path: "c"
        ).collection
        let special = try RepositoryConfig("gc: {if-above: 1TiB, wait: 2m}", path: "c").collection
        let filled = special.filled(from: general)
        #expect(filled.storedAbove == .bytes(1 << 40) && filled.until == nil)
        #expect(
            filled.freeBelow == nil && filled.repackBelow == 0.7 && filled.wait == .seconds(120))
        #expect(CollectionConfig().filled(from: general) == general)
    }

    @Test(arguments: [
        ("{if-above: 1GiB, if-free-below: 10%}", "exclude each other"),
        ("{until: 1GiB}", "c:1:5: until needs if-free-below or if-above beside it"),
        ("{if-free-below: 20%, until: 10%}", "until must not be less than if-free-below"),
        ("{if-above: 1GiB, until: 2GiB}", "until must not be more than if-above"),
        ("{if-above: 101%}", "c:1:16: \"101%\" must be a share"),
        ("{if-above: much}", "c:1:16: \"much\" must be a size"),
        ("{repack-below: 2}", "must be a share such as 10%"), ("{io-limit: 0}", "is too small"),
        ("{rate: 1}", "unknown key rate in gc"), ("{merge-below: -1}", "must be a size"),
    ])
    func `a wrong value in the section gc is named`(_ text: String, _ message: String) {
        let error = #expect(throws: RepositoryError.self) {
            try RepositoryConfig("gc: " + text, path: "c")
        }
        #expect(error?.message.contains(message) == true, "\(String(describing: error))")
    }

    @Test(arguments: [
        ("format: 2", RepositoryError.Code.newerFormat, "c:1:1: the repository has format 2"),
        ("format: 2\nnew-key: 1", .newerFormat, "use a newer release"),
        ("format: x", .badConfig, "c:1:9: \"x\" must be a whole number from 1"),
        ("format: 1\nprofil: a", .badConfig, "c:2:1: unknown key profil; did you mean profile?"),
        ("format: 1\nnetwork:\n  announce-hours: 49", .badConfig, "c:3:19: \"49\" must be"),
        ("network: {static-peers: []}", .badConfig, "did you mean static-peer?"),
        ("network: {swarm-key: key}", .badConfig, "c:1:22: \"key\" must be an absolute path"),
        ("network: {deny-peer: x}", .badConfig, "this must be a list, or none"),
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
