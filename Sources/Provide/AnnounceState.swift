// SPDX-License-Identifier: Apache-2.0

/// Placeholder removed by the first commit of this module.
enum AnnounceState {}
