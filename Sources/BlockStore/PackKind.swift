// SPDX-License-Identifier: Apache-2.0

/// What a pack holds; leaves and DAG nodes are never mixed.
///
/// So a walk over a DAG reads few, dense files, and a cold tier can take the leaves alone.
public enum PackKind: String, CaseIterable, Hashable, Sendable {
    /// Raw blocks: the bytes of files.
    case leaves
    /// Blocks that may link to others: dag-pb and dag-cbor.
    case nodes
}
