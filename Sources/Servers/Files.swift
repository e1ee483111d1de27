import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// File system calls that say in words what went wrong.
package enum Files {
    /// Writes `text` so that a reader sees the old content or the new, never a part, with `mode` from the start.
    static func write(_ text: String, to path: String, mode: mode_t) throws(ServersError) {
        let temporary = path + ".new"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw ServersError(.fileSystem, "cannot write \(path): \(systemMessage())") }
        defer { close(descriptor) }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glue.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw ServersError(.fileSystem, "cannot write \(path): \(systemMessage())") }
            rest = rest.dropFirst(count)
        }
        guard rename(temporary, path) == 0 else {
            throw ServersError(.fileSystem, "cannot write \(path): \(systemMessage())")
        }
    }

    /// Makes the folder and its parents; a folder made here gets `mode`.
    static func makeDirectory(_ path: String, mode: Int = 0o755) throws(ServersError) {
        var isDirectory: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue { return }
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: mode])
        } catch {
            throw ServersError(.fileSystem, "cannot make the folder \(path)", underlying: error)
        }
    }

    /// Whether something is at `path`.
    static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    /// The text of the file, or nil.
    static func text(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The last `count` lines of the file, for error messages.
    package static func tail(_ path: String, count: Int = 8) -> String {
        (text(path) ?? "").split(separator: "\n").suffix(count).joined(separator: "\n")
    }

    /// The path without a relative part.
    static func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    }

    /// The first executable file of that name in `PATH` or in one of the folders.
    static func program(_ name: String, alsoIn folders: [String] = []) -> String? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        let all = folders + path.split(separator: ":").map(String.init) + ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"]
        return all.lazy.map { $0 + "/" + name }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}

/// The C functions whose names are shadowed by methods where they are needed.
enum Glue {
    static func write(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
        #if canImport(Glibc)
            Glibc.write(descriptor, bytes, count)
        #elseif canImport(Musl)
            Musl.write(descriptor, bytes, count)
        #else
            Darwin.write(descriptor, bytes, count)
        #endif
    }

    static func kill(_ pid: Int32, _ signal: Int32) -> Int32 {
        #if canImport(Glibc)
            Glibc.kill(pid, signal)
        #elseif canImport(Musl)
            Musl.kill(pid, signal)
        #else
            Darwin.kill(pid, signal)
        #endif
    }
}

/// A new folder of its own under the system's folder for temporary files.
public enum TemporaryDirectory {
    /// Makes a folder that only its owner may list but everybody may pass through (a server may run under
    /// another account), and has it removed when this process ends, however it ends.
    ///
    /// - Throws: `ServersError.Code.fileSystem`.
    public static func make(prefix: String = "millrace") throws(ServersError) -> String {
        let base = ProcessInfo.processInfo.environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        var template = Array((Files.absolute(base) + "/\(prefix)-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else {
            throw ServersError(.fileSystem, "cannot make a folder in \(base): \(systemMessage())")
        }
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        chmod(path, 0o711)
        try ProcessGuard.shared.removeAtEnd(path)
        return path
    }

    /// Removes the folder now.
    public static func remove(_ path: String) {
        try? FileManager.default.removeItem(atPath: path)
    }
}
