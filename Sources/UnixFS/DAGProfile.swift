// SPDX-License-Identifier: Apache-2.0

import Multiformats

/// A published set of DAG options, by its name in IPIP-499.
///
/// Spec: <https://specs.ipfs.tech/ipips/ipip-0499/>.
public enum DAGProfile: String, Hashable, Sendable, CaseIterable {
    /// CIDv1, raw leaves, 1 MiB chunks, 1024 links, block estimate: what to use.
    case v1_2025 = "unixfs-v1-2025"
    /// CIDv0, dag-pb leaves, 256 KiB chunks, 174 links, links estimate: what Kubo does unless
    /// configured.
    case v0_2015 = "unixfs-v0-2015"

    /// The profile that holds if none is named.
    public static let standard = DAGProfile.v1_2025

    /// Finds a profile by its published name, or by Kubo's alias `legacy-cid-v0`.
    ///
    /// - Throws: ``DAGOptionsError/unknownProfile(_:)``.
    public init(named name: String) throws(DAGOptionsError) {
        if let profile = DAGProfile(rawValue: name) {
            self = profile
        } else if name == "legacy-cid-v0" {
            self = .v0_2015
        } else {
            throw .unknownProfile(name)
        }
    }

    /// What the profile sets.
    public var options: DAGOptions {
        switch self {
        case .v1_2025:
            DAGOptions(
                chunker: .size1MiB, maxLinks: 1024, rawLeaves: true, cidVersion: .v1,
                directoryRules: .v1_2025)
        case .v0_2015:
            DAGOptions(
                chunker: .size256KiB, maxLinks: 174, rawLeaves: false, cidVersion: .v0,
                directoryRules: .v0_2015)
        }
    }
}
