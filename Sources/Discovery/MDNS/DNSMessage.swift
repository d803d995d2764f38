// SPDX-License-Identifier: Apache-2.0

import Libp2p

/// A DNS message as multicast DNS uses it (RFC 1035, RFC 6762).
struct DNSMessage: Hashable, Sendable {
    /// Types of records that are understood here.
    enum RecordType {
        static let a: UInt16 = 1
        static let ptr: UInt16 = 12
        static let txt: UInt16 = 16
        static let aaaa: UInt16 = 28
        static let srv: UInt16 = 33
        static let any: UInt16 = 255
    }

    struct Question: Hashable, Sendable {
        var name: DNSName
        var type: UInt16
        /// Whether the asker wants the answer sent to it alone.
        var wantsUnicast = false
    }

    struct Record: Hashable, Sendable {
        enum Content: Hashable, Sendable {
            case pointer(DNSName)
            /// Strings of at most 255 bytes.
            case text([[UInt8]])
            case service(priority: UInt16, weight: UInt16, port: UInt16, host: DNSName)
            /// Four or sixteen bytes.
            case address([UInt8])
            case other(type: UInt16, [UInt8])
        }

        var name: DNSName
        /// Seconds.
        var lifetime: UInt32
        var content: Content
        /// Whether the record replaces all others of its name and type.
        var isUnique = false
    }

    var id: UInt16 = 0
    var isResponse: Bool
    var questions: [Question] = []
    var answers: [Record] = []
    var additionals: [Record] = []
}

extension DNSMessage.Record.Content {
    /// The number of the type.
    var type: UInt16 {
        switch self {
        case .pointer: DNSMessage.RecordType.ptr
        case .text: DNSMessage.RecordType.txt
        case .service: DNSMessage.RecordType.srv
        case .address(let bytes):
            bytes.count == 4 ? DNSMessage.RecordType.a : DNSMessage.RecordType.aaaa
        case .other(let type, _): type
        }
    }
}
