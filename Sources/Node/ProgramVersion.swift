// SPDX-License-Identifier: Apache-2.0

/// The version of this program, for `cairn --version` and for peers.
public enum ProgramVersion {
    /// The version alone.
    public static let text = "0.1.0"
    /// What identify tells peers.
    public static let agent = "cairn/" + text
}
