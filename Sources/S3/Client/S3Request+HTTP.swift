// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import ObjectStore

extension S3Request {
    /// The request as it is sent: what is signed is what is sent.
    ///
    /// - Throws: an error of the HTTP client for a URL that is none.
    func signed(
        for options: S3Options, by signer: RequestSigner, at time: UTCTime
    ) throws -> HTTPClient.Request {
        let name = key.map { options.prefix + $0.name } ?? ""
        let host: String
        let path: String
        switch options.addressing {
        case .path:
            host = options.endpoint.authority(options.endpoint.host)
            path = "/\(options.bucket)" + (key == nil ? "" : "/\(name)")
        case .virtualHost:
            host = options.endpoint.authority("\(options.bucket).\(options.endpoint.host)")
            path = "/\(name)"
        }
        let hash = Hexadecimal.encode(payload.sha256)
        var headers = headers + [(name: "host", value: host), ("x-amz-content-sha256", hash)]
        if !payload.isEmpty || method == .put {
            headers.append(("content-md5", Base64.encode(payload.md5)))
        }
        headers += signer.headers(
            for: RequestSigner.Request(
                method: method.rawValue, path: path, query: query, headers: headers,
                payloadHash: hash), at: time)
        let url =
            (options.endpoint.usesTLS ? "https://" : "http://") + host
            + PercentEncoding.encode(path, keepsSlashes: true)
            + (query.isEmpty ? "" : "?" + RequestSigner.canonicalQuery(query))
        return try HTTPClient.Request(
            url: url, method: HTTPMethod(rawValue: method.rawValue),
            headers: HTTPHeaders(headers.map { ($0.name, $0.value) }),
            body: payload.isEmpty ? nil : Self.body(payload.buffer))
    }

    /// The body in pieces, the next when the one before has gone: so that timeouts see progress.
    private static func body(_ buffer: ByteBuffer) -> HTTPClient.Body {
        // At most 128 pieces, since each waits for all behind it.
        let pieceByteCount = max(256 << 10, buffer.readableBytes / 128)
        return .stream(contentLength: Int64(buffer.readableBytes)) { writer in
            write(buffer, in: pieceByteCount, to: writer)
        }
    }

    private static func write(
        _ buffer: ByteBuffer, in pieceByteCount: Int, to writer: HTTPClient.Body.StreamWriter
    ) -> EventLoopFuture<Void> {
        var rest = buffer
        guard rest.readableBytes > pieceByteCount,
            let piece = rest.readSlice(length: pieceByteCount)
        else { return writer.write(.byteBuffer(buffer)) }
        let remaining = rest
        return writer.write(.byteBuffer(piece)).flatMap {
            write(remaining, in: pieceByteCount, to: writer)
        }
    }
}
