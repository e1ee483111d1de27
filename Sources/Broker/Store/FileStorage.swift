#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A folder of a real file system, held by one process at a time.
package final class FileStorage: Storage {
    package let path: String
    private let folder: FileDescriptor
    private let lock: FileDescriptor

    /// Makes the folder if it is not there, and takes its lock. The lock goes with the process, however that ends.
    ///
    /// - Throws: `locked` if another broker, in this process or another, has the folder; `inputOutput`.
    package init(path: String) throws(StoreError) {
        self.path = path
        try Self.makeFolder(path)
        folder = try FileDescriptor(path, O_RDONLY | O_DIRECTORY)
        lock = try FileDescriptor("\(path)/\(Self.lockName)", O_RDWR | O_CREAT)
        try Self.take(lock, path)
    }

    private static let lockName = "lock"

    package func release() { _ = flock(lock.number, LOCK_UN) }

    private static func makeFolder(_ path: String) throws(StoreError) {
        var partial = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            partial += "/\(part)"
            guard mkdir(partial, 0o700) != 0, errno != EEXIST else { continue }
            // The parent may be read-only and the folder there all the same; opening it says so better.
            if access(partial, F_OK) != 0 { throw .system(errno, "cannot make the folder \(partial)") }
        }
    }

    private static func take(_ lock: FileDescriptor, _ path: String) throws(StoreError) {
        guard flock(lock.number, LOCK_EX | LOCK_NB) != 0 else { return }
        guard errno == EWOULDBLOCK else { throw .system(errno, "cannot lock the folder \(path)") }
        throw StoreError(
            .locked,
            "another broker has the data folder \(path). Stop it first, or give this one a folder of its own (`--data`)")
    }

    package func list() throws(StoreError) -> [String] {
        guard let directory = opendir(path) else { throw .system(errno, "cannot list the folder \(path)") }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != "..", name != Self.lockName { names.append(name) }
        }
        return names
    }

    package func open(_ name: String, create: Bool) throws(StoreError) -> any StorageFile {
        FileStorageFile(try FileDescriptor("\(path)/\(name)", O_RDWR | (create ? O_CREAT : 0)), path: "\(path)/\(name)")
    }

    package func remove(_ name: String) throws(StoreError) {
        guard unlink("\(path)/\(name)") != 0, errno != ENOENT else { return }
        throw .system(errno, "cannot remove \(path)/\(name)")
    }

    package func rename(_ name: String, to newName: String) throws(StoreError) {
        let result = "\(path)/\(name)".withCString { old in
            "\(path)/\(newName)".withCString { new in systemRename(old, new) }
        }
        if result != 0 { throw .system(errno, "cannot rename \(path)/\(name) to \(newName)") }
    }

    package func syncFolder() throws(StoreError) {
        guard retrying({ fsync(folder.number) }) != 0 else { return }
        throw .system(errno, "cannot sync the folder \(path)")
    }

    package func freeSpace() throws(StoreError) -> UInt64 {
        var status = statvfs()
        guard retrying({ fstatvfs(folder.number, &status) }) == 0 else {
            throw .system(errno, "cannot ask for the free space of \(path)")
        }
        return UInt64(status.f_bavail) * UInt64(status.f_frsize)
    }
}

/// A file of a `FileStorage`. It has no state besides its descriptor, which the system lets any thread use.
private final class FileStorageFile: StorageFile {
    private let descriptor: FileDescriptor
    private let path: String

    init(_ descriptor: FileDescriptor, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    func size() throws(StoreError) -> Int {
        let end = lseek(descriptor.number, 0, SEEK_END)
        if end < 0 { throw .system(errno, "cannot ask for the size of \(path)") }
        return Int(end)
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(StoreError) {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            let count = retrying { pwrite(descriptor.number, rest.baseAddress, rest.count, off_t(offset + done)) }
            if count < 0 { throw .system(errno, "cannot write \(path)") }
            // A device that takes nothing and gives no error would keep us here for ever.
            if count == 0 { throw StoreError(.inputOutput, "the disk took none of the bytes for \(path). Check the disk") }
            done += count
        }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(StoreError) -> Int {
        var done = 0
        while done < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let count = retrying { pread(descriptor.number, rest.baseAddress, rest.count, off_t(offset + done)) }
            if count < 0 { throw .system(errno, "cannot read \(path)") }
            if count == 0 { break }
            done += count
        }
        return done
    }

    func preallocate(_ size: Int) throws(StoreError) {
        let have = try self.size()
        guard have < size else { return }
        #if canImport(Darwin)
            try truncate(size)
        #else
            // Unlike `ftruncate` this gives the file its blocks, and unlike `fallocate` it works everywhere.
            var result: Int32
            repeat { result = posix_fallocate(descriptor.number, off_t(have), off_t(size - have)) } while result == EINTR
            guard result != 0 else { return }
            // What was reserved before the disk was full must not stay reserved.
            _ = ftruncate(descriptor.number, off_t(have))
            throw .system(result, "cannot reserve \(size) bytes for \(path)")
        #endif
    }

    func truncate(_ size: Int) throws(StoreError) {
        guard retrying({ ftruncate(descriptor.number, off_t(size)) }) != 0 else { return }
        throw .system(errno, "cannot cut \(path) to \(size) bytes")
    }

    func sync() throws(StoreError) {
        #if canImport(Darwin)
            let result = retrying { fcntl(descriptor.number, F_FULLFSYNC) }
        #else
            let result = retrying { fdatasync(descriptor.number) }
        #endif
        if result != 0 { throw .system(errno, "cannot sync \(path)") }
    }

    func dropCached() {
        #if !canImport(Darwin)
            // An advice: where it is not taken, nothing is lost.
            _ = posix_fadvise(descriptor.number, 0, 0, POSIX_FADV_DONTNEED)
        #endif
    }
}
