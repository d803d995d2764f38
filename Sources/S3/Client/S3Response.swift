// SPDX-License-Identifier: Apache-2.0

import NIOHTTP1

/// An answer, read to its end.
struct S3Response: Sendable {
    let status: Int
    let headers: HTTPHeaders
    /// The body, or the beginning of that of an error.
    let body: [UInt8]

    /// The first header of that name.
    func header(_ name: String) -> String? { headers.first(name: name) }

    /// The version of the object, as the server wrote it, quotes included.
    var entityTag: String? { header("ETag") }

    /// The MD5 that the entity tag is, if it is one: whole objects and parts, unless they are
    /// encrypted with keys of the user's.
    var md5: [UInt8]? {
        let scheme = header("x-amz-server-side-encryption")
        guard scheme == nil || scheme == "AES256",
            header("x-amz-server-side-encryption-customer-algorithm") == nil,
            let tag = entityTag, !tag.hasPrefix("W/")
        else { return nil }
        let digits = tag.filter { $0 != "\"" }
        return digits.utf8.count == 32 ? Hexadecimal.decode(digits) : nil
    }

    /// The root element of the body.
    ///
    /// - Throws: ``S3Failure`` if the body is no XML, or its root is of another name.
    func root(_ name: String) throws(S3Failure) -> XMLElement {
        let root: XMLElement
        do throws(XMLError) { root = try XMLReader.root(of: body) } catch {
            throw S3Failure(.unverified, "an answer that is no \(name): \(error)", self)
        }
        if root.name == "Error" { throw S3Failure(answer: self) }
        guard root.name == name else {
            throw S3Failure(.unverified, "a \(root.name) where a \(name) was expected", self)
        }
        return root
    }
}
