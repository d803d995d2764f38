// SPDX-License-Identifier: Apache-2.0

/// A bucket at an S3-compatible endpoint, and how to deal with it; checked once, by `init`.
public struct S3Options: Hashable, Sendable {
    /// How a bucket is addressed.
    public enum Addressing: String, Hashable, Sendable, CaseIterable {
        /// `https://ENDPOINT/BUCKET/KEY`: what servers of one's own understand.
        case path
        /// `https://BUCKET.ENDPOINT/KEY`: what AWS wants.
        case virtualHost
    }

    /// The bucket, which exists.
    public let bucket: String
    /// What stands before each key: empty, or a path that ends in a slash.
    public let prefix: String
    /// Where the server listens.
    public let endpoint: S3Endpoint
    /// The region that requests are signed for; servers of one's own mostly take any.
    public let region: String
    /// How the bucket is addressed.
    public let addressing: Addressing
    /// The storage class of new objects, such as `STANDARD_IA`; nil for the bucket's default.
    public let storageClass: String?
    /// Where the access key comes from.
    public let credentials: S3CredentialSource
    /// A PEM file with the authorities to trust instead of the system's; nil for those.
    public let certificateAuthorities: String?
    /// Sizes and widths.
    public let transfer: Transfer
    /// When a failed request is tried again.
    public let retry: Retry
    /// How long one try may take.
    public let timeouts: Timeouts

    /// Checks and keeps the options.
    ///
    /// - Parameters:
    ///   - prefix: a path of `A-Z a-z 0-9 . - _`, without a slash at its start; one at its end is added.
    ///   - endpoint: `https://HOST[:PORT]`; nil for AWS in `region`. `http` is refused unless the
    ///     host is loopback or `allowsPlainHTTP` is set: keys cannot be stolen from a signed request,
    ///     but data can be read on its way.
    ///   - region: `us-east-1` unless told otherwise.
    ///   - addressing: nil for virtual hosts at AWS and paths elsewhere.
    /// - Throws: ``S3OptionsError`` with the option's name and what would be right.
    public init(
        bucket: String, prefix: String = "", endpoint: String? = nil,
        region: String = "us-east-1", addressing: Addressing? = nil, storageClass: String? = nil,
        credentials: S3CredentialSource = .automatic, allowsPlainHTTP: Bool = false,
        certificateAuthorities: String? = nil, transfer: Transfer = Transfer(),
        retry: Retry = Retry(), timeouts: Timeouts = Timeouts()
    ) throws(S3OptionsError) {
        try Self.check(bucket: bucket)
        try Self.check(region: region)
        if let storageClass { try Self.check(storageClass: storageClass) }
        try transfer.check()
        try retry.check()
        try timeouts.check()
        let endpoint = try S3Endpoint(endpoint ?? "https://s3.\(region).amazonaws.com")
        guard endpoint.usesTLS || endpoint.isLoopback || allowsPlainHTTP else {
            throw S3OptionsError(
                "endpoint",
                "\(endpoint) would send data unencrypted; use https, or allow plain HTTP explicitly"
            )
        }
        let isAWS = endpoint.host.hasSuffix(".amazonaws.com")
        let addressing = addressing ?? (isAWS && !bucket.contains(".") ? .virtualHost : .path)
        if addressing == .virtualHost, endpoint.usesTLS, bucket.contains(".") {
            throw S3OptionsError(
                "addressing",
                "no certificate covers the dots in bucket \(bucket) as a host; use path addressing")
        }
        self.bucket = bucket
        self.prefix = try Self.checked(prefix: prefix)
        self.endpoint = endpoint
        self.region = region
        self.addressing = addressing
        self.storageClass = storageClass
        self.credentials = credentials
        self.certificateAuthorities = certificateAuthorities
        self.transfer = transfer
        self.retry = retry
        self.timeouts = timeouts
    }

    private static func check(bucket: String) throws(S3OptionsError) {
        let isEdge: (UInt8?) -> Bool = { $0.map { $0.isSmallLetter || $0.isDigit } ?? false }
        guard (3...63).contains(bucket.utf8.count), isEdge(bucket.utf8.first),
            isEdge(bucket.utf8.last), !bucket.contains(".."),
            bucket.utf8.allSatisfy({
                $0.isSmallLetter || $0.isDigit || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".")
            })
        else {
            throw S3OptionsError(
                "bucket",
                "\"\(bucket)\" is no name of a bucket: 3 to 63 of a-z, 0-9, - and ., and the first "
                    + "and last a letter or digit")
        }
    }

    private static func check(region: String) throws(S3OptionsError) {
        guard (1...64).contains(region.utf8.count),
            region.utf8.allSatisfy({ $0.isSmallLetter || $0.isDigit || $0 == UInt8(ascii: "-") })
        else {
            throw S3OptionsError(
                "region", "\"\(region)\" is no region: a-z, 0-9 and -, such as eu-central-1")
        }
    }

    private static func check(storageClass: String) throws(S3OptionsError) {
        guard (1...64).contains(storageClass.utf8.count),
            storageClass.utf8.allSatisfy({
                $0.isCapitalLetter || $0.isDigit || $0 == UInt8(ascii: "_")
            })
        else {
            throw S3OptionsError(
                "storageClass", "\"\(storageClass)\" is no storage class, such as STANDARD_IA")
        }
    }

    private static func checked(prefix: String) throws(S3OptionsError) -> String {
        if prefix.isEmpty { return "" }
        let whole = prefix.hasSuffix("/") ? prefix : prefix + "/"
        let segments = whole.dropLast().split(separator: "/", omittingEmptySubsequences: false)
        let isPlain = segments.allSatisfy { segment in
            !segment.isEmpty && segment != "." && segment != ".."
                && segment.utf8.allSatisfy {
                    $0.isSmallLetter || $0.isCapitalLetter || $0.isDigit || $0 == UInt8(ascii: ".")
                        || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
                }
        }
        guard isPlain, whole.utf8.count <= 500 else {
            throw S3OptionsError(
                "prefix",
                "\"\(prefix)\" is no prefix: names of A-Z, a-z, 0-9, ., - and _ with slashes between"
            )
        }
        return whole
    }
}

extension UInt8 {
    fileprivate var isSmallLetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self) }
    fileprivate var isCapitalLetter: Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) }
    fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}
