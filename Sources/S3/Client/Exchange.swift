// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import ObjectStore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A request on its way: the first try is sent, later ones are when somebody waits for the answer.
struct Exchange: Sendable {
    private let request: S3Request
    private let client: S3Client
    private let began = ContinuousClock.now
    private let first: Result<HTTPClient.Task<S3Response>, S3Failure>

    init(_ request: S3Request, _ client: S3Client) {
        self.request = request
        self.client = client
        first = client.start(request)
    }

    /// Waits for the answer; blocks for as long as tries, pauses and their limits allow.
    ///
    /// - Throws: ``ObjectStoreError`` of the last try.
    func response() throws(ObjectStoreError) -> S3Response {
        var attempt = first
        var attemptCount = 1
        var hasLearned = false
        while true {
            let failure: S3Failure
            do throws(S3Failure) { return try Self.response(of: attempt, to: request) } catch {
                failure = error
            }
            if !hasLearned, client.learn(from: failure) {
                hasLearned = true
            } else {
                guard failure.isRetryable, let delay = delay(after: attemptCount, failure) else {
                    throw failure.error(request, client.options, attemptCount: attemptCount)
                }
                Self.pause(delay)
            }
            attemptCount += 1
            attempt = client.start(request)
        }
    }

    /// Gives the first try up.
    func cancel() {
        if case .success(let task) = first { task.cancel() }
    }

    private func delay(after attemptCount: Int, _ failure: S3Failure) -> Duration? {
        client.policy.delay(
            after: attemptCount, elapsed: ContinuousClock.now - began,
            asked: failure.retryAfter?.delay(from: client.now), fraction: .random(in: 0..<1))
    }

    private static func response(
        of attempt: Result<HTTPClient.Task<S3Response>, S3Failure>, to request: S3Request
    ) throws(S3Failure) -> S3Response {
        let task = try attempt.get()
        let response: S3Response
        do { response = try task.wait() } catch { throw S3Failure(transport: error) }
        guard (200..<300).contains(response.status) else { throw S3Failure(answer: response) }
        try request.check(response)
        return response
    }

    /// Blocks the thread; it is one that may wait.
    private static func pause(_ delay: Duration) {
        let end = ContinuousClock.now + delay
        while true {
            let rest = end - ContinuousClock.now
            guard rest > .zero else { return }
            // At most a second at a time: some systems take no more.
            usleep(UInt32(min(rest / .microseconds(1), 999_999).rounded(.up)))
        }
    }
}
