import Locking

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Random numbers of the system, fetched many at a time: each call of the system costs more than an identifier.
struct RandomWords: Sendable {
    private static let shared = Locked(RandomWords())

    private var words = (UInt64(0), UInt64(0), UInt64(0), UInt64(0), UInt64(0), UInt64(0), UInt64(0), UInt64(0))
    private var used = 8

    /// The next number. Thread safe.
    static func next() -> UInt64 { shared.withLock { $0.take() } }

    private mutating func take() -> UInt64 {
        if used == 8 {
            let isFilled = withUnsafeMutableBytes(of: &words) { $0.baseAddress.map { getentropy($0, 64) } == 0 }
            guard isFilled else { return .random(in: .min ... .max) }
            used = 0
        }
        used += 1
        return withUnsafeBytes(of: words) { $0.load(fromByteOffset: (used - 1) * 8, as: UInt64.self) }
    }
}
