import Dispatch
import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Turns what arrives on a descriptor into lines, on a thread of its own: event sources of libdispatch on Linux do not
/// survive every hang-up of a pipe.
final class LineReader: Sendable {
    /// A longer line is cut into pieces of this many bytes.
    static let longestLine = 256 * 1024
    /// Lines a slow reader may be behind; older ones are dropped, so that a child never blocks on its log.
    static let backlog = 20_000

    /// The lines, without their line feeds; ends when the child closes its end.
    let lines: AsyncStream<String>

    /// Takes over the descriptor, which has to be the reading end of a pipe.
    init(_ descriptor: Int32) {
        let (lines, continuation) = AsyncStream.makeStream(of: String.self, bufferingPolicy: .bufferingNewest(Self.backlog))
        self.lines = lines
        // A queue of its own, which may block: it ends with the pipe.
        DispatchQueue(label: "millrace.servers.lines").async {
            var pending = Pending()
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = read(descriptor, &buffer, buffer.count)
                if count > 0 {
                    pending.append(buffer[..<count]) { continuation.yield($0) }
                } else if count == 0 || errno != EINTR {
                    break
                }
            }
            pending.finish { continuation.yield($0) }
            close(descriptor)
            continuation.finish()
        }
    }

    /// The unfinished line.
    private struct Pending {
        private var bytes: [UInt8] = []

        mutating func append(_ more: ArraySlice<UInt8>, _ yield: (String) -> Void) {
            bytes += more
            var start = bytes.startIndex
            while let end = bytes[start...].firstIndex(of: 0x0A) {
                yield(String(decoding: bytes[start..<end], as: UTF8.self))
                start = end + 1
            }
            bytes.removeSubrange(..<start)
            if bytes.count > LineReader.longestLine { finish(yield) }
        }

        mutating func finish(_ yield: (String) -> Void) {
            if !bytes.isEmpty { yield(String(decoding: bytes, as: UTF8.self)) }
            bytes = []
        }
    }
}
