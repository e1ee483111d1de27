import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Standard input, of which only its end matters.
enum StandardInput {
    /// Returns when standard input has ended, or when the task is cancelled.
    static func end() async {
        let (ended, continuation) = AsyncStream.makeStream(of: Void.self)
        let thread = Thread {
            var byte: UInt8 = 0
            while true {
                let count = read(0, &byte, 1)
                if count == 0 || count < 0 && errno != EINTR && errno != EAGAIN { break }
            }
            continuation.finish()
        }
        thread.stackSize = 128 * 1024
        thread.start()
        for await _ in ended {}
    }
}
