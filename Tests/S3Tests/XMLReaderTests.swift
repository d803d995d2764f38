// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import S3

struct XMLReaderTests {
    private func root(_ text: String) throws(XMLError) -> XMLElement {
        try XMLReader.root(of: Array(text.utf8))
    }

    private static let page = """
        <?xml version="1.0" encoding="UTF-8"?>
        <!-- a page -->
        <s3:ListBucketResult xmlns:s3="http://s3.amazonaws.com/doc/2006-03-01/" a='>'>
          <Name>packs</Name><Prefix/><IsTruncated> false\t</IsTruncated>
          <Contents><Key>a &amp; b &#x41;&#66;</Key><ETag>&quot;d41d&quot;</ETag></Contents>
          <Contents><Key><![CDATA[c<d>&amp;]]></Key></Contents>
        </s3:ListBucketResult>

        """

    @Test func `a page of a list is read`() throws {
        let page = try root(Self.page)
        #expect(page.name == "ListBucketResult")
        #expect(page.value("Name") == "packs")
        #expect(page.value("Prefix") == "")
        #expect(page.value("IsTruncated") == "false")
        #expect(page.value("Absent") == nil)
        let contents = page.children.filter { $0.name == "Contents" }
        #expect(contents.map { $0.value("Key") } == ["a & b AB", "c<d>&amp;"])
        #expect(contents.first?.value("ETag") == "\"d41d\"")
    }

    @Test func `every truncation is an error`() throws {
        let bytes = Array(Self.page.utf8)
        // Behind the last tag there is a line's end only.
        let whole = bytes.count - 1
        for count in 0..<whole {
            #expect(throws: XMLError.self, "cut at \(count)") {
                try XMLReader.root(of: Array(bytes[..<count]))
            }
        }
        #expect(try XMLReader.root(of: Array(bytes[..<whole])).children.count == 5)
    }

    @Test(arguments: [
        "<a>", "</a>", "<a></b>", "<a><b></a></b>", "text", "text<a/>", "<a>&lol;</a>", "<a>&#0",
        "<a>&#xD800;</a>", "<a>&amp</a>", "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", "<a <b/>",
        "<>", "< a/>", "<a b=\"></a>",
    ])
    func `what is not well formed is refused`(_ text: String) {
        #expect(throws: XMLError.self) { try root(text) }
    }

    @Test func `depth and number of elements are bounded`() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "<a>", count: depth) + String(repeating: "</a>", count: depth)
        }
        _ = try root(nested(XMLReader.depthLimit))
        #expect(throws: XMLError.self) { try root(nested(XMLReader.depthLimit + 1)) }
        #expect(throws: XMLError.self) { try root(nested(1_000_000)) }
        let many = "<a>" + String(repeating: "<b/>", count: XMLReader.elementLimit) + "</a>"
        #expect(throws: XMLError.self) { try root(many) }
    }
}
