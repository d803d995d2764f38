// SPDX-License-Identifier: Apache-2.0

public import Libp2p

/// How a connection is encrypted and both sides prove who they are.
public enum ConnectionSecurity: String, Hashable, Sendable, CaseIterable {
    /// Noise XX; cheap to set up.
    case noise
    /// TLS 1.3 with libp2p's certificates.
    case tls

    /// The name in multistream-select.
    public var protocolID: ProtocolID {
        switch self {
        case .noise: "/noise"
        case .tls: "/tls/1.0.0"
        }
    }
}
