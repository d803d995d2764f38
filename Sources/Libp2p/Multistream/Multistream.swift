// SPDX-License-Identifier: Apache-2.0

/// What a step of a negotiation gave.
public struct MultistreamStep: Hashable, Sendable {
    /// What is to be sent now; may be empty.
    public var output: [UInt8] = []
    /// What both sides speak from now on; nil while that is open.
    public var agreed: ProtocolID?
    /// What of the input lies behind the negotiation, and belongs to the agreed protocol.
    public var surplus: [UInt8] = []
}

/// The side of multistream-select that proposes protocols, one after the other, until the peer
/// takes one.
///
/// ```swift
/// var negotiation = MultistreamInitiator([id, olderID])
/// send(negotiation.start())
/// while agreed == nil { step = try negotiation.receive(await read()); send(step.output) }
/// ```
/// Lazy mode: who knows that the peer speaks the first protocol may send its own bytes right after
/// ``start()``, and gives what arrives to ``receive(_:)`` all the same; a refusal is then an error
/// for it. Memory: one read and 1 KiB. After an error the stream is to be reset.
public struct MultistreamInitiator: Sendable {
    private var proposals: ArraySlice<ProtocolID>
    private var buffer = MultistreamBuffer()
    private var sawHeader = false

    /// Proposes `protocols`, at least one, in order.
    public init(_ protocols: [ProtocolID]) {
        precondition(!protocols.isEmpty, "nothing to propose")
        proposals = protocols[...]
    }

    /// What is sent first: the header and the first proposal, at once.
    public func start() -> [UInt8] {
        var output: [UInt8] = []
        MultistreamMessage.append(MultistreamMessage.header, to: &output)
        if let first = proposals.first {
            MultistreamMessage.append(first.description, to: &output)
        }
        return output
    }

    /// Takes what arrived, in pieces of any size.
    ///
    /// Not to be called after agreement.
    ///
    /// - Throws: ``MultistreamError``, with `refused` when the last proposal is refused.
    public mutating func receive(_ bytes: [UInt8]) throws(MultistreamError) -> MultistreamStep {
        buffer.append(bytes)
        var step = MultistreamStep()
        while let proposal = proposals.first, let message = try buffer.next() {
            if !sawHeader {
                guard message == MultistreamMessage.header else { throw .header }
                sawHeader = true
            } else if message == proposal.description {
                step.agreed = proposal
                step.surplus = buffer.surplus
                break
            } else if message == MultistreamMessage.refusal {
                proposals.removeFirst()
                guard let next = proposals.first else { throw .refused }
                MultistreamMessage.append(next.description, to: &step.output)
            } else {
                throw .answer
            }
        }
        return step
    }
}

/// The side of multistream-select that takes or refuses what the peer proposes.
///
/// Answers `ls` like any protocol that it does not know, as go-multistream does. Memory: one read
/// and 1 KiB. After an error the stream is to be reset.
public struct MultistreamResponder: Sendable {
    /// How often a peer may propose.
    ///
    /// Hosts know about twenty protocols; a guess.
    public static let maximumProposalCount = 64

    private let protocols: Set<ProtocolID>
    private var buffer = MultistreamBuffer()
    private var sawHeader = false
    private var proposalCount = 0

    /// Takes the first proposal that is one of `protocols`.
    public init(_ protocols: Set<ProtocolID>) { self.protocols = protocols }

    /// What is sent first, without waiting for the peer: the header.
    public func start() -> [UInt8] {
        var output: [UInt8] = []
        MultistreamMessage.append(MultistreamMessage.header, to: &output)
        return output
    }

    /// Takes what arrived, in pieces of any size.
    ///
    /// Not to be called after agreement.
    ///
    /// - Throws: ``MultistreamError``.
    public mutating func receive(_ bytes: [UInt8]) throws(MultistreamError) -> MultistreamStep {
        buffer.append(bytes)
        var step = MultistreamStep()
        while let message = try buffer.next() {
            if !sawHeader {
                guard message == MultistreamMessage.header else { throw .header }
                sawHeader = true
                continue
            }
            proposalCount += 1
            guard proposalCount <= Self.maximumProposalCount else { throw .tooManyProposals }
            let proposal = ProtocolID(message)
            guard protocols.contains(proposal) else {
                MultistreamMessage.append(MultistreamMessage.refusal, to: &step.output)
                continue
            }
            MultistreamMessage.append(message, to: &step.output)
            step.agreed = proposal
            step.surplus = buffer.surplus
            break
        }
        return step
    }
}
