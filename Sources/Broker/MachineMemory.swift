#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The memory that this process may use.
enum MachineMemory {
    /// Bytes of memory of the machine, or of the control group if that has less; 1 GiB if nothing is known.
    static let bytes: Int = {
        let pages = sysconf(Int32(_SC_PHYS_PAGES))
        let size = sysconf(Int32(_SC_PAGESIZE))
        var bytes = pages > 0 && size > 0 ? Int(pages) * Int(size) : 1 << 30
        for file in ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"] {
            guard let data = FileManager.default.contents(atPath: file) else { continue }
            let digits = String(decoding: data, as: UTF8.self).prefix { $0.isNumber }
            if let limit = Int(digits), limit > 0 { bytes = min(bytes, limit) }
        }
        return bytes
    }()

    /// A part of it.
    static func share(_ part: Double) -> Int { Int(Double(bytes) * part) }
}
