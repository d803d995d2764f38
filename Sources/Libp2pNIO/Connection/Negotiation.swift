// SPDX-License-Identifier: Apache-2.0

import Libp2p

/// Either side of multistream-select.
enum Negotiation: Sendable {
    /// Proposes.
    case initiator(MultistreamInitiator)
    /// Takes or refuses.
    case responder(MultistreamResponder)

    /// Proposes `protocols` in order, or takes the first proposal that is among them.
    init(isInitiator: Bool, _ protocols: [ProtocolID]) {
        self =
            isInitiator
            ? .initiator(MultistreamInitiator(protocols))
            : .responder(MultistreamResponder(Set(protocols)))
    }

    /// What is sent first.
    func start() -> [UInt8] {
        switch self {
        case .initiator(let initiator): initiator.start()
        case .responder(let responder): responder.start()
        }
    }

    /// Takes what arrived.
    mutating func receive(_ bytes: [UInt8]) throws(MultistreamError) -> MultistreamStep {
        switch self {
        case .initiator(var initiator):
            let step = try initiator.receive(bytes)
            self = .initiator(initiator)
            return step
        case .responder(var responder):
            let step = try responder.receive(bytes)
            self = .responder(responder)
            return step
        }
    }
}
