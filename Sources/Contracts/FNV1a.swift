/// The 64-bit FNV-1a hash: the same in every process and version, unlike `Hasher`; not for secrets.
/// Source: http://www.isthe.com/chongo/tech/comp/fnv/
package struct FNV1a: Sendable, Equatable {
    /// The hash of what was combined so far.
    @usableFromInline package var value: UInt64

    /// Begins a hash; another basis gives another hash of the same bytes.
    @inlinable
    package init(basis: UInt64 = 0xcbf2_9ce4_8422_2325) { value = basis }

    /// Takes in further bytes.
    @inlinable
    package mutating func combine(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    }
}
