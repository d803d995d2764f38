// SPDX-License-Identifier: Apache-2.0

/// What a node does when asked: the same by a call in this process, and over the control socket.
public protocol ControlService: Sendable {
    /// Runs `body` with a session: requests that belong together, such as those of one
    /// connection, or of one command.
    ///
    /// Blocks that are asked for in a session are looked for with what was learnt before in it.
    func withSession<Result>(
        _ body: (any ControlSession) async throws -> Result
    ) async throws -> Result
}

/// Requests that belong together.
public protocol ControlSession: Sendable {
    /// Does what `request` asks and calls `answer` for each answer but the last one, which says
    /// that all is done; with a block come its bytes.
    ///
    /// - Throws: ``ControlError``; `CancellationError`; what `answer` throws.
    func perform(
        _ request: ControlRequest,
        _ answer: @escaping @Sendable (ControlAnswer, [UInt8]) async throws -> Void) async throws
}
