// SPDX-License-Identifier: Apache-2.0

/// What is known of other peers: bounded, with expiry.
public final class AddressBook: Sendable {}
