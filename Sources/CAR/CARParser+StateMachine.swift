// SPDX-License-Identifier: Apache-2.0

import IPLD
import Multiformats

extension CARParser {
    /// Moves on by one event, or as far as the input at hand allows.
    mutating func advance() throws(CARError) -> CAREvent? {
        while true {
            switch state {
            case .start: guard try readPragma() else { return nil }
            case .version2Header: guard try readVersion2Header() else { return nil }
            case .padding(let byteCount): guard try skip(byteCount) else { return nil }
            case .header: return try readHeader().map { .header($0) }
            case .sections: return try readSection().map { .section($0) }
            case .ended: return nil
            case .failed(let error): throw error
            }
        }
    }

    /// Tells version 2 from version 1, whose header cannot start like the pragma.
    private mutating func readPragma() throws(CARError) -> Bool {
        let pragma = CARv2Header.pragma
        let known = min(available, pragma.count)
        guard buffer[position..<position + known].elementsEqual(pragma[..<known]) else {
            state = .header
            return true
        }
        guard known == pragma.count else {
            if isFinished { throw .truncatedHeader(offset: offset) }
            return false
        }
        position += known
        state = .version2Header
        return true
    }

    private mutating func readVersion2Header() throws(CARError) -> Bool {
        guard available >= CARv2Header.byteCount else {
            if isFinished { throw .truncatedHeader(offset: offset) }
            return false
        }
        let header = try CARv2Header(
            decoding: buffer.span.extracting(position...), offset: offset)
        version2Header = header
        position += CARv2Header.byteCount
        // The header's own checks keep both sums below 2^63.
        dataOffset = Int(header.dataOffset)
        dataEnd = Int(header.dataOffset + header.dataByteCount)
        state = .padding(byteCount: dataOffset - offset)
        return true
    }

    private mutating func skip(_ byteCount: Int) throws(CARError) -> Bool {
        let skipped = min(byteCount, available)
        position += skipped
        guard skipped < byteCount else {
            state = .header
            return true
        }
        state = .padding(byteCount: byteCount - skipped)
        if isFinished { throw .truncatedData(offset: offset) }
        return false
    }

    private mutating func readHeader() throws(CARError) -> CARHeader? {
        guard let content = try content(of: .header) else { return nil }
        let header = try CARHeader(
            decoding: buffer.span.extracting(content), offset: bufferOffset + content.lowerBound)
        position = content.upperBound
        state = .sections
        return header
    }

    private mutating func readSection() throws(CARError) -> CARSection? {
        if available == 0 || offset == dataEnd {
            if let dataEnd, offset < dataEnd {
                if isFinished { throw .truncatedData(offset: offset) }
                return nil
            }
            if isFinished || dataEnd != nil { state = .ended }
            return nil
        }
        let start = offset
        guard let content = try content(of: .section) else { return nil }
        if content.isEmpty {
            guard options.emptySection == .end else { throw .emptySection(offset: start) }
            state = .ended
            return nil
        }
        var cidLength = 0
        let cid: CID
        do {
            cid = try CID.read(from: buffer.span.extracting(content), at: &cidLength)
        } catch {
            throw .cid(offset: start, error)
        }
        let bytes = content.lowerBound + cidLength..<content.upperBound
        if options.verification == .everyBlock {
            try verify(buffer.span.extracting(bytes), of: cid, offset: start)
        }
        position = content.upperBound
        return CARSection(
            block: Block(cid: cid, bytes: buffer.span.copied(bytes)),
            offset: start - dataOffset,
            blockOffset: bufferOffset + bytes.lowerBound - dataOffset)
    }

    /// The two things that have a length in front.
    private enum Part {
        case header
        case section
    }

    /// Where in the buffer the content behind the next length is; nil if it is not there yet.
    private func content(of part: Part) throws(CARError) -> Range<Int>? {
        let start = offset
        let left = dataEnd.map { $0 - start } ?? Int.max
        let input = buffer.span.extracting(position..<position + min(available, left))
        let canGrow = !isFinished && available < left
        var cursor = 0
        let length: UInt64
        do { length = try Varint.read(from: input, at: &cursor) } catch {
            switch error {
            case .truncated where canGrow: return nil
            case .truncated: throw truncation(of: part)
            case .notMinimal: throw .varint(.notMinimal(offset: start))
            case .tooLong: throw .varint(.tooLong(offset: start))
            }
        }
        switch part {
        case .header where length > UInt64(options.maximumHeaderByteCount):
            throw .headerTooLarge(offset: start, byteCount: length)
        case .section where length > UInt64(options.maximumSectionByteCount):
            throw .sectionTooLarge(offset: start, byteCount: length)
        default: break
        }
        // The limits are far below 2^63, so that the length is an Int from here on.
        if Int(length) > input.count - cursor {
            guard canGrow, Int(length) <= left - cursor else { throw truncation(of: part) }
            return nil
        }
        let lower = position + cursor
        return lower..<lower + Int(length)
    }

    private func truncation(of part: Part) -> CARError {
        part == .header ? .truncatedHeader(offset: offset) : .truncatedSection(offset: offset)
    }
}
