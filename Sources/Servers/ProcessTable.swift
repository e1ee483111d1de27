import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Looks at processes that are not our children.
package enum ProcessTable {
    /// The command line of a process, or nil if there is none of that number (a zombie counts as none).
    package static func command(of pid: Int32) -> String? {
        #if os(Linux)
            guard let data = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline"), !data.isEmpty else { return nil }
            return String(decoding: data.map { $0 == 0 ? 32 : $0 }, as: UTF8.self)
        #else
            return Glue.kill(pid, 0) == 0 || errno == EPERM ? "unknown" : nil
        #endif
    }

    /// The processes whose parent is `pid`.
    static func children(of pid: Int32) -> [Int32] {
        #if os(Linux)
            let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
            return all.compactMap { Int32($0) }.filter { candidate in
                // The second field, the name in parentheses, may itself hold spaces and parentheses.
                guard let stat = Files.text("/proc/\(candidate)/stat"), let end = stat.lastIndex(of: ")") else { return false }
                let fields = stat[end...].split(separator: " ")
                return fields.count > 2 && Int32(fields[2]) == pid
            }
        #else
            return []
        #endif
    }

    /// The resident memory of a process in bytes, or nil if it is gone.
    package static func residentBytes(of pid: Int32) async -> Int? {
        #if os(Linux)
            guard let text = Files.text("/proc/\(pid)/status") else { return nil }
            guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") }) else { return nil }
            return line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int($0) }.map { $0 * 1024 }
        #else
            let result = try? await ChildProcess.run(.init(executable: "ps", arguments: ["-o", "rss=", "-p", "\(pid)"]))
            return result.flatMap { Int($0.standardOutput.trimmingCharacters(in: .whitespacesAndNewlines)) }.map { $0 * 1024 }
        #endif
    }

    /// The processor time a process and its children have used so far, in seconds; nil if it is gone or not known.
    package static func processorSeconds(of pid: Int32) -> Double? {
        guard var ticks = ticks(of: pid, includingEnded: true) else { return nil }
        for child in children(of: pid) { ticks += self.ticks(of: child, includingEnded: true) ?? 0 }
        return Double(ticks) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    private static func ticks(of pid: Int32, includingEnded: Bool) -> Int? {
        guard let stat = Files.text("/proc/\(pid)/stat"), let end = stat.lastIndex(of: ")") else { return nil }
        // Fields 14 to 17 of proc(5): user and system time, its own and that of the children it has waited for.
        let fields = stat[end...].split(separator: " ").dropFirst(12).prefix(includingEnded ? 4 : 2).compactMap { Int($0) }
        return fields.reduce(0, +)
    }

    /// Ends a process that is not our child: the signal, ten seconds, then SIGKILL.
    static func end(_ pid: Int32, signal: Int32, what: String) async throws(ServersError) {
        _ = Glue.kill(pid, signal)
        for attempt in 0..<300 {
            if command(of: pid) == nil { return }
            if attempt == 200 { _ = Glue.kill(pid, SIGKILL) }
            try? await Task.sleep(for: .milliseconds(50))
        }
        throw ServersError(.timeout, "\(what) (process \(pid)) is left from an earlier run and does not end")
    }
}
