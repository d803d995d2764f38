// SPDX-License-Identifier: Apache-2.0

import ObjectStore

extension S3Failure {
    /// The error for callers of the store.
    ///
    /// - Parameters:
    ///   - attemptCount: how often the request was tried.
    func error(
        _ request: S3Request, _ options: S3Options, attemptCount: Int
    ) -> ObjectStoreError {
        let name = "s3://\(options.bucket)/\(options.prefix)\(request.key?.name ?? "")"
        var text = "\(request.method.rawValue) \(name)"
        if kind != .answer { text += " at \(options.endpoint)" }
        text += ": "
        if kind == .answer {
            text += [status.map(String.init), code].compactMap { $0 }.joined(separator: " ")
            if !message.isEmpty { text += ": " + message }
        } else {
            text += message
        }
        var notes: [String] = []
        if attemptCount > 1 { notes.append("tried \(attemptCount) times") }
        if let requestID { notes.append("request \(requestID)") }
        if !notes.isEmpty { text += " (\(notes.joined(separator: ", ")))" }
        if let remedy = remedy(options) { text += "; \(remedy)" }
        return ObjectStoreError(errorCode, key: request.key, message: text, cause: self)
    }

    private var errorCode: ObjectStoreError.Code {
        switch kind {
        case .transport: return .unavailable
        case .unverified: return .unverified
        case .refused: return .other
        case .answer: break
        }
        switch code {
        case "NoSuchKey": return .notFound
        case "NoSuchBucket", "NoSuchUpload": return .other
        case "InvalidRange": return .endOfObject
        case "QuotaExceeded", "XMinioStorageFull", "InsufficientStorage", "EntityTooLarge":
            return .noSpace
        case "BadDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch":
            return .unverified
        default: break
        }
        switch status {
        case 404: return code == nil ? .notFound : .other
        case 401, 403: return .denied
        case 412: return .unverified
        case 416: return .endOfObject
        case 507: return .noSpace
        default: return isRetryable ? .unavailable : .other
        }
    }

    /// What the user can do.
    private func remedy(_ options: S3Options) -> String? {
        if let region, region != options.region, isRedirect {
            return "the bucket is in region \(region): set the region to that, and the endpoint to "
                + "one of that region"
        }
        switch code {
        case "NoSuchBucket": return "make the bucket, or correct its name"
        case "InvalidAccessKeyId": return "the server does not know the access key: check it"
        case "SignatureDoesNotMatch":
            return
                "check the secret of the access key, and that region and endpoint belong together"
        case "AccessDenied":
            return "the access key needs s3:ListBucket, GetObject, PutObject, DeleteObject, "
                + "AbortMultipartUpload and ListBucketMultipartUploads there"
        case "RequestTimeTooSkewed": return "set the clock of this machine"
        case "ExpiredToken", "InvalidToken": return "renew the session token"
        case "PreconditionFailed":
            return "somebody replaced the object while it was read; try again"
        case "InvalidStorageClass":
            return
                "the server has no storage class \(options.storageClass ?? ""); remove the option"
        case "InvalidObjectState": return "the object is archived; restore it first"
        case "QuotaExceeded", "XMinioStorageFull", "InsufficientStorage":
            return "free space in the bucket, or raise its quota"
        case nil where status == 403:
            return "the access key may lack s3:ListBucket, or the permission for this request"
        default: break
        }
        if isRedirect { return "check region, endpoint and addressing" }
        if kind == .transport { return "check that the server runs and can be reached" }
        return isRetryable ? "try again later" : nil
    }

    private var isRedirect: Bool {
        [301, 302, 307, 308].contains(status) || code == "AuthorizationHeaderMalformed"
            || code == "IllegalLocationConstraintException"
    }
}
