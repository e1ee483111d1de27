internal import NIOCore

/// The last few blocks that were read, so that messages read in order cost one read per block and not one each.
///
/// Several queues may read at several places at once; each finds its block among a few.
struct BlockCache {
    /// Bytes of a block.
    static let blockSize = 128 << 10
    static let blocks = 8

    private struct Block {
        var segment: UInt32
        var offset: Int
        var bytes: ByteBuffer
        var used: UInt64
    }

    private var blocks: [Block] = []
    private var clock: UInt64 = 0

    /// A copy of `length` bytes, if a block has them all. A copy, because a message that is kept must not keep its block.
    mutating func find(_ segment: UInt32, _ offset: Int, _ length: Int) -> ByteBuffer? {
        for index in blocks.indices {
            let block = blocks[index]
            guard block.segment == segment, offset >= block.offset,
                offset + length <= block.offset + block.bytes.readableBytes
            else { continue }
            clock += 1
            blocks[index].used = clock
            let start = offset - block.offset
            return block.bytes.withUnsafeReadableBytes { ByteBuffer(bytes: UnsafeRawBufferPointer(rebasing: $0[start..<start + length])) }
        }
        return nil
    }

    /// Takes in a block, in place of the one that was not used for the longest time.
    mutating func add(_ segment: UInt32, _ offset: Int, _ bytes: ByteBuffer) {
        clock += 1
        let block = Block(segment: segment, offset: offset, bytes: bytes, used: clock)
        if let same = blocks.firstIndex(where: { $0.segment == segment && $0.offset == offset }) {
            blocks[same] = block
        } else if blocks.count < Self.blocks {
            blocks.append(block)
        } else if let oldest = blocks.indices.min(by: { blocks[$0].used < blocks[$1].used }) {
            blocks[oldest] = block
        }
    }

    mutating func remove(_ segment: UInt32) { blocks.removeAll { $0.segment == segment } }
}
