#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Takes the input apart and checks each value.
///
/// Most input is NDJSON whose lines fit the contract. Such a line is found by its line feed and checked as it stands, in one go; if it is
/// one whole value that fits, it is one whole value. Everything else goes the long way: byte by byte through
/// ``JSONStreamSplitter``, and through a tree of values, which also knows what is wrong.
package struct PublishIntake {
    private let draft: EventDraft
    /// Values left out at the start, without a look at them.
    private let skip: Int
    private let keepsGoing: Bool
    private var splitter: JSONStreamSplitter
    /// Nothing more is wanted: the input has ended or cannot be read further, or data was refused.
    package private(set) var isOver = false

    package init(draft: EventDraft, skip: Int, keepsGoing: Bool) {
        self.draft = draft
        self.skip = skip
        self.keepsGoing = keepsGoing
        splitter = JSONStreamSplitter(maximumBytes: draft.maximumBytes)
    }

    /// Takes what was read next; nil is the end of the input.
    package mutating func take(next bytes: [UInt8]?) -> CheckedPiece {
        if let bytes { take(bytes) } else { finish() }
    }

    /// Takes the next bytes of the input.
    package mutating func take(_ bytes: [UInt8]) -> CheckedPiece {
        var piece = CheckedPiece(bytes: bytes)
        bytes.withUnsafeBufferPointer { buffer in
            var position = 0
            while position < buffer.count, !isOver {
                let feed = Self.lineFeed(buffer, position)
                if let feed, splitter.isBetweenValues, buffer[position] == UInt8(ascii: "{"), takeLine(buffer, position..<feed, &piece) {
                    position = feed + 1
                } else {
                    let end = feed.map { $0 + 1 } ?? buffer.count
                    takeSlowly(UnsafeBufferPointer(rebasing: buffer[position..<end]), &piece)
                    position = end
                }
            }
        }
        return piece
    }

    /// Ends the input.
    package mutating func finish() -> CheckedPiece {
        var piece = CheckedPiece(bytes: [])
        if isOver { return piece }
        var records: [JSONStreamSplitter.Record] = []
        do {
            try splitter.finish(into: &records)
        } catch {
            piece.flaw = error
        }
        take(records, &piece)
        isOver = true
        return piece
    }

    private static func lineFeed(_ buffer: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int? {
        guard let base = buffer.baseAddress, let found = memchr(base + start, 0x0A, buffer.count - start) else { return nil }
        return UnsafeRawPointer(found) - UnsafeRawPointer(base)
    }

    /// - Returns: false when the line is not known to be one value that fits; nothing has changed then.
    private mutating func takeLine(_ buffer: UnsafeBufferPointer<UInt8>, _ line: Range<Int>, _ piece: inout CheckedPiece) -> Bool {
        var data = line
        while let last = buffer[data].last, last == 0x20 || last == 0x0D || last == 0x09 { data.removeLast() }
        guard let key = draft.checkAtSight(UnsafeBufferPointer(rebasing: buffer[data])) else { return false }
        let next = splitter.next
        splitter.stepOverLine()
        if next.number > skip {
            piece.messages.append(.init(number: next.number, line: next.line, isGathered: false, data: data, key: key))
        }
        return true
    }

    private mutating func takeSlowly(_ bytes: UnsafeBufferPointer<UInt8>, _ piece: inout CheckedPiece) {
        var records: [JSONStreamSplitter.Record] = []
        do {
            try splitter.feed(bytes, into: &records)
        } catch {
            // What stood before the flaw is good.
            take(records, &piece)
            piece.flaw = error
            isOver = true
            return
        }
        take(records, &piece)
    }

    private mutating func take(_ records: [JSONStreamSplitter.Record], _ piece: inout CheckedPiece) {
        for record in records where record.number > skip && !isOver {
            do throws(EventRefused) {
                let key: EventKey
                if let found = record.bytes.withUnsafeBufferPointer({ draft.checkAtSight($0) }) {
                    key = found
                } else {
                    let text = try draft.check(record.bytes)
                    key = draft.key != nil ? .given : text.map { .text($0) } ?? EventKey.none
                }
                let start = piece.gathered.count
                piece.gathered += record.bytes
                piece.messages.append(
                    .init(number: record.number, line: record.line, isGathered: true, data: start..<piece.gathered.count, key: key))
            } catch {
                piece.refused.append(.init(number: record.number, line: record.line, kind: .refused, reason: error.description))
                if !keepsGoing { isOver = true }
            }
        }
    }
}
