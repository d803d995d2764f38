// SPDX-License-Identifier: Apache-2.0

import ObjectStore

/// Why one try of a request failed: the cause of an ``ObjectStoreError``.
public struct S3Failure: Error, Sendable {
    /// What failed.
    public enum Kind: Hashable, Sendable {
        /// No whole answer came: no connection, a cut one, or a timeout.
        case transport
        /// The server answered with an error.
        case answer
        /// The answer does not agree with what was asked or sent.
        case unverified
        /// The request could not be made; trying again does not help.
        case refused
    }

    /// What failed.
    public let kind: Kind
    /// The status of the answer; nil if there was none.
    public let status: Int?
    /// The code of the error, such as `NoSuchKey`, if the server gave one.
    public let code: String?
    /// What the server or the system said.
    public let message: String
    /// By what the server's log knows the request.
    public let requestID: String?

    /// The region that the server named instead of ours.
    let region: String?
    /// How long the server asked to wait.
    let retryAfter: RetryAfter?
    /// The server's time.
    let serverTime: UTCTime?

    init(_ kind: Kind, _ message: String, _ response: S3Response? = nil) {
        self.kind = kind
        self.message = message
        status = response?.status
        code = nil
        requestID = response?.requestID
        region = nil
        retryAfter = nil
        serverTime = nil
    }

    /// The failure that an answer is: an error by its status, or by its body.
    init(answer response: S3Response) {
        // A body that is no XML, or none, as after HEAD, leaves the status to tell.
        let root = try? XMLReader.root(of: response.body)
        let error = root?.name == "Error" ? root : root?["Error"]
        kind = .answer
        status = response.status
        code = error?.value("Code").map(Self.shown)
        message = error?.value("Message").map(Self.shown) ?? ""
        requestID = response.requestID ?? error?.value("RequestId").map(Self.shown)
        region = (response.header("x-amz-bucket-region") ?? error?.value("Region")).map(Self.shown)
        retryAfter = response.header("Retry-After").flatMap { RetryAfter($0) }
        serverTime = response.header("Date").flatMap { UTCTime(httpDate: $0) }
    }

    /// Text of a server's as a message may hold it: short, in one line.
    private static func shown(_ text: String) -> String {
        String(text.prefix(300).map { $0.isNewline || $0.isWhitespace ? " " : $0 })
    }

    /// Whether the same request may succeed later.
    var isRetryable: Bool {
        switch kind {
        case .transport, .unverified: return true
        case .refused: return false
        case .answer: break
        }
        switch code {
        case "InternalError", "SlowDown", "ServiceUnavailable", "RequestTimeout", "Throttling",
            "ThrottlingException", "TooManyRequests", "OperationAborted", "BadDigest",
            "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch", "IncompleteBody":
            return true
        case "QuotaExceeded", "NotImplemented": return false
        default: return [408, 425, 429, 500, 502, 503, 504].contains(status)
        }
    }
}

extension S3Response {
    fileprivate var requestID: String? {
        header("x-amz-request-id").map { String($0.prefix(100)) }
    }
}

/// The header `Retry-After`: a pause, or a date.
enum RetryAfter: Hashable, Sendable {
    case seconds(Int64)
    case date(UTCTime)

    init?(_ text: String) {
        if let seconds = Int64(text), seconds >= 0 {
            self = .seconds(min(seconds, 1_000_000_000))
        } else if let date = UTCTime(httpDate: text) {
            self = .date(date)
        } else {
            return nil
        }
    }

    /// The pause from `now` on.
    func delay(from now: UTCTime) -> Duration {
        switch self {
        case .seconds(let seconds): .seconds(seconds)
        case .date(let date): .seconds(max(0, date.seconds - now.seconds))
        }
    }
}
