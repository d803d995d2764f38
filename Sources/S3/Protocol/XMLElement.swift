// SPDX-License-Identifier: Apache-2.0

/// An element of an answer in XML: the subset that S3 servers write.
///
/// No document type, no entities but the five of XML itself and numbered characters; attributes and
/// namespace prefixes are passed over.
struct XMLElement: Sendable {
    /// The name, without its namespace's prefix.
    let name: String
    /// The text directly in the element, blanks at its ends included.
    var text = ""
    /// The elements directly in it, in their order.
    var children: [XMLElement] = []

    /// The first element of that name directly in this one.
    subscript(name: String) -> XMLElement? { children.first { $0.name == name } }

    /// The text of the first element of that name, without blanks at its ends; nil if there is none.
    func value(_ name: String) -> String? {
        self[name].map { element in
            String(element.text.trimmingBlanks)
        }
    }
}

extension StringProtocol {
    /// The text without blanks at its ends.
    var trimmingBlanks: Substring {
        var rest = Substring(self)
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return rest
    }
}
