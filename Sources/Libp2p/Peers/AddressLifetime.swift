// SPDX-License-Identifier: Apache-2.0

/// How long an address book keeps addresses; any other duration may be given, too.
public enum AddressLifetime {
    /// Heard of from others: 2 minutes, as in go-libp2p.
    public static let temporary = Duration.seconds(120)
    /// As long as the peer is connected; ``AddressBook/disconnected(_:)`` puts an end to it.
    public static let connected = Duration.seconds(1 << 40)
    /// Never forgotten: configured peers, whose names may lead anywhere.
    public static let permanent = Duration.seconds(1 << 41)
}
