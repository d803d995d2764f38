// SPDX-License-Identifier: Apache-2.0

public import Libp2p

/// A message of the rendezvous protocol.
///
/// Spec: <https://github.com/libp2p/specs/blob/master/rendezvous/README.md>.
public enum RendezvousMessage: Hashable, Sendable {
    /// A peer under a namespace.
    public struct Registration: Hashable, Sendable {
        /// The namespace.
        public var namespace: String
        /// The signed envelope of the peer's record, in binary form.
        public var signedPeerRecord: [UInt8]
        /// Seconds it is to live; nil for the server's default.
        public var lifetimeSeconds: UInt64?

        /// Puts a registration together.
        public init(namespace: String, signedPeerRecord: [UInt8], lifetimeSeconds: UInt64? = nil) {
            self.namespace = namespace
            self.signedPeerRecord = signedPeerRecord
            self.lifetimeSeconds = lifetimeSeconds
        }
    }

    /// What a server makes of a request.
    public struct Status: RawRepresentable, Hashable, Sendable {
        /// The number on the wire.
        public let rawValue: UInt64

        /// Takes a number, known or not.
        public init(rawValue: UInt64) { self.rawValue = rawValue }

        /// Done.
        public static let ok = Status(rawValue: 0)
        /// The namespace is empty or too long.
        public static let invalidNamespace = Status(rawValue: 100)
        /// The record is damaged, or not that of the peer that sent it.
        public static let invalidSignedPeerRecord = Status(rawValue: 101)
        /// The lifetime is too short or too long.
        public static let invalidTTL = Status(rawValue: 102)
        /// The cookie is not from this server, or of another namespace.
        public static let invalidCookie = Status(rawValue: 103)
        /// The peer may not, or not as much.
        public static let notAuthorized = Status(rawValue: 200)
        /// The server failed.
        public static let internalError = Status(rawValue: 300)
        /// The server is full.
        public static let unavailable = Status(rawValue: 400)
    }

    /// Asks to be found under a namespace.
    case register(Registration)
    /// The answer, with the seconds that were granted.
    case registerResponse(Status, text: String, lifetimeSeconds: UInt64?)
    /// Asks not to be found any more; there is no answer.
    case unregister(namespace: String)
    /// Asks who is registered; nil stands for all namespaces, for no limit, and for the start.
    case discover(namespace: String?, limit: UInt64?, cookie: [UInt8]?)
    /// The answer, with a cookie to go on from.
    case discoverResponse(Status, text: String, [Registration], cookie: [UInt8])
}

extension RendezvousMessage {
    /// The longest namespace, in bytes.
    public static let maximumNamespaceByteCount = 255
    /// The most registrations that one answer may hold; more are a protocol error.
    public static let maximumRegistrationCount = 1_000
    static let maximumCookieByteCount = 512

    /// Decodes a message; fields that are unknown are left out, the last of repeated ones counts.
    ///
    /// - Throws: `ProtobufError`.
    public init(protobuf: [UInt8]) throws(ProtobufError) {
        var type: UInt64?
        var parts: [Int: ArraySlice<UInt8>] = [:]
        var reader = ProtobufReader(protobuf)
        while let (field, wireType) = try reader.next() {
            switch field {
            case 1: type = try reader.varint()
            case 2...6: parts[field] = try reader.bytes()
            default: try reader.skip(wireType)
            }
        }
        // Field 2 is that of type 0, and so on.
        guard let type, type <= 4 else { throw .invalid(field: 1) }
        guard let body = parts[Int(type) + 2] else { throw .missing(field: Int(type) + 2) }
        switch type {
        case 0: self = .register(try Registration(protobuf: body))
        case 1: self = try Self.registerResponse(body)
        case 2: self = .unregister(namespace: try Registration(protobuf: body).namespace)
        case 3: self = try Self.discover(body)
        default: self = try Self.discoverResponse(body)
        }
    }

    private static func registerResponse(
        _ body: ArraySlice<UInt8>
    ) throws(ProtobufError) -> RendezvousMessage {
        var status = Status.ok
        var text = ""
        var lifetime: UInt64?
        var reader = ProtobufReader(body)
        while let (field, type) = try reader.next() {
            switch field {
            case 1: status = Status(rawValue: try reader.varint())
            case 2: text = try reader.string(atMost: 1_024)
            case 3: lifetime = try reader.varint()
            default: try reader.skip(type)
            }
        }
        return .registerResponse(status, text: text, lifetimeSeconds: lifetime)
    }

    private static func discover(
        _ body: ArraySlice<UInt8>
    ) throws(ProtobufError) -> RendezvousMessage {
        var namespace: String?
        var limit: UInt64?
        var cookie: [UInt8]?
        var reader = ProtobufReader(body)
        while let (field, type) = try reader.next() {
            switch field {
            case 1: namespace = try reader.string(atMost: 1_024)
            case 2: limit = try reader.varint()
            case 3: cookie = Array(try reader.bytes(atMost: maximumCookieByteCount))
            default: try reader.skip(type)
            }
        }
        return .discover(namespace: namespace, limit: limit, cookie: cookie)
    }

    private static func discoverResponse(
        _ body: ArraySlice<UInt8>
    ) throws(ProtobufError) -> RendezvousMessage {
        var registrations: [Registration] = []
        var cookie: [UInt8] = []
        var status = Status.ok
        var text = ""
        var reader = ProtobufReader(body)
        while let (field, type) = try reader.next() {
            switch field {
            case 1:
                guard registrations.count < maximumRegistrationCount else {
                    throw .tooMany(field: 1)
                }
                registrations.append(try Registration(protobuf: try reader.bytes()))
            case 2: cookie = Array(try reader.bytes(atMost: maximumCookieByteCount))
            case 3: status = Status(rawValue: try reader.varint())
            case 4: text = try reader.string(atMost: 1_024)
            default: try reader.skip(type)
            }
        }
        return .discoverResponse(status, text: text, registrations, cookie: cookie)
    }

    /// The message as it is sent.
    public var protobuf: [UInt8] {
        var writer = ProtobufWriter()
        switch self {
        case .register(let registration):
            writer.varint(1, 0)
            writer.message(2) { registration.write(to: &$0) }
        case .registerResponse(let status, let text, let lifetime):
            writer.varint(1, 1)
            writer.message(3) { response in
                response.varint(1, status.rawValue)
                if !text.isEmpty { response.string(2, text) }
                if let lifetime { response.varint(3, lifetime) }
            }
        case .unregister(let namespace):
            writer.varint(1, 2)
            writer.message(4) { $0.string(1, namespace) }
        case .discover(let namespace, let limit, let cookie):
            writer.varint(1, 3)
            writer.message(5) { request in
                if let namespace { request.string(1, namespace) }
                if let limit { request.varint(2, limit) }
                if let cookie { request.bytes(3, cookie) }
            }
        case .discoverResponse(let status, let text, let registrations, let cookie):
            writer.varint(1, 4)
            writer.message(6) { response in
                for registration in registrations {
                    response.message(1) { registration.write(to: &$0) }
                }
                if !cookie.isEmpty { response.bytes(2, cookie) }
                response.varint(3, status.rawValue)
                if !text.isEmpty { response.string(4, text) }
            }
        }
        return writer.bytes
    }
}

extension RendezvousMessage.Registration {
    init(protobuf: ArraySlice<UInt8>) throws(ProtobufError) {
        self.init(namespace: "", signedPeerRecord: [])
        var reader = ProtobufReader(protobuf)
        while let (field, type) = try reader.next() {
            switch field {
            case 1: namespace = try reader.string(atMost: 1_024)
            case 2:
                signedPeerRecord = Array(
                    try reader.bytes(atMost: SignedEnvelope.maximumByteCount))
            case 3: lifetimeSeconds = try reader.varint()
            default: try reader.skip(type)
            }
        }
    }

    func write(to writer: inout ProtobufWriter) {
        writer.string(1, namespace)
        writer.bytes(2, signedPeerRecord)
        if let lifetimeSeconds { writer.varint(3, lifetimeSeconds) }
    }
}
