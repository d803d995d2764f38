// SPDX-License-Identifier: Apache-2.0

extension S3Options {
    /// Sizes and widths of transfers.
    public struct Transfer: Hashable, Sendable {
        /// The bytes of a part, and the largest object that is put whole; 5 to 512 MiB.
        ///
        /// Default 16 MiB. An object has 10,000 parts at most, so this bounds its size as well.
        public var partByteCount = 16 << 20
        /// How many parts of an object are on their way at a time; 1 to 16.
        ///
        /// Default 2. A writer holds one more than these in memory.
        public var concurrentPartCount = 2
        /// How many connections to the server are open at a time; 1 to 256.
        ///
        /// Default 16.
        public var connectionCount = 16
        /// Unfinished uploads that began longer ago are removed; at least an hour.
        ///
        /// Default 7 days: no living writer is that slow.
        public var staleUploadAge = Duration.seconds(7 * 86_400)
        /// The most objects that a list may have.
        ///
        /// Default 10 million, a petabyte of packs; a longer list is an error of the server.
        public var listLimit = 10_000_000

        /// The defaults.
        public init() {}

        func check() throws(S3OptionsError) {
            guard (5 << 20...512 << 20).contains(partByteCount) else {
                throw S3OptionsError("transfer.partByteCount", "\(partByteCount): 5 to 512 MiB")
            }
            guard (1...16).contains(concurrentPartCount) else {
                throw S3OptionsError(
                    "transfer.concurrentPartCount", "\(concurrentPartCount): 1 to 16")
            }
            guard (1...256).contains(connectionCount) else {
                throw S3OptionsError("transfer.connectionCount", "\(connectionCount): 1 to 256")
            }
            guard staleUploadAge >= .seconds(3600) else {
                throw S3OptionsError(
                    "transfer.staleUploadAge", "\(staleUploadAge): at least an hour")
            }
            guard listLimit > 0 else {
                throw S3OptionsError("transfer.listLimit", "\(listLimit): at least 1")
            }
        }
    }

    /// When a request that failed is tried again: after answers 429, 500, 502, 503 and 504, cut or
    /// refused connections, timeouts, and answers that do not agree with what was asked.
    public struct Retry: Hashable, Sendable {
        /// How often a request is tried in all; 1 to 20.
        ///
        /// Default 6.
        public var attemptCount = 6
        /// No try begins later than this after the first.
        ///
        /// Default 3 minutes.
        public var timeLimit = Duration.seconds(180)
        /// The longest pause after the first failure; each later one may be twice as long.
        ///
        /// Default 200 ms. Pauses are random between half and all of it.
        public var firstDelay = Duration.milliseconds(200)
        /// No pause of our own is longer; one that the server asks for may be.
        ///
        /// Default 20 s.
        public var longestDelay = Duration.seconds(20)

        /// The defaults.
        public init() {}

        func check() throws(S3OptionsError) {
            guard (1...20).contains(attemptCount) else {
                throw S3OptionsError("retry.attemptCount", "\(attemptCount): 1 to 20")
            }
            guard timeLimit > .zero, firstDelay > .zero, longestDelay >= firstDelay else {
                throw S3OptionsError(
                    "retry", "times are positive, and the longest delay the longest")
            }
        }
    }

    /// How long one try of a request may take.
    public struct Timeouts: Hashable, Sendable {
        /// Until a connection is made, TLS included.
        ///
        /// Default 10 s.
        public var connect = Duration.seconds(10)
        /// Without a byte sent or received.
        ///
        /// Default 30 s.
        public var idle = Duration.seconds(30)
        /// In all, the wait for a free connection included.
        ///
        /// Default 10 minutes, in which a part of 16 MiB passes at 28 kB/s.
        public var attempt = Duration.seconds(600)

        /// The defaults.
        public init() {}

        func check() throws(S3OptionsError) {
            guard connect > .zero, idle > .zero, attempt > .zero else {
                throw S3OptionsError("timeouts", "all are longer than nothing")
            }
        }
    }
}
