#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Owns a descriptor and closes it when it is released.
final class FileDescriptor: Sendable {
    let number: Int32

    /// Opens a path with mode 0600, not inherited by children.
    init(_ path: String, _ flags: Int32) throws(StoreError) {
        let opened = retrying { systemOpen(path, flags | O_CLOEXEC) }
        if opened < 0 { throw .system(errno, "cannot open \(path)") }
        number = opened
    }

    deinit { _ = close(number) }
}

/// Repeats a call that a signal interrupted. Never use it where an interrupted call may have taken effect.
func retrying<Result: SignedInteger>(_ call: () -> Result) -> Result {
    while true {
        let result = call()
        if result != -1 || errno != EINTR { return result }
    }
}

// `open` and `rename` are also names of methods here, and C's `open` is variadic; these say which is meant.
func systemOpen(_ path: String, _ flags: Int32) -> Int32 {
    #if canImport(Glibc)
        Glibc.open(path, flags, 0o600)
    #elseif canImport(Musl)
        Musl.open(path, flags, 0o600)
    #else
        Darwin.open(path, flags, 0o600)
    #endif
}

func systemRename(_ old: UnsafePointer<CChar>, _ new: UnsafePointer<CChar>) -> Int32 {
    #if canImport(Glibc)
        Glibc.rename(old, new)
    #elseif canImport(Musl)
        Musl.rename(old, new)
    #else
        Darwin.rename(old, new)
    #endif
}

extension StoreError {
    /// An error of a system call, with what it means for whoever runs the broker.
    static func system(
        _ number: Int32, _ what: String, file: StaticString = #fileID, line: UInt = #line
    ) -> StoreError {
        let (code, advice): (Code, String) =
            switch number {
            case ENOSPC, EDQUOT: (.noSpace, "Free some space or raise the quota")
            case ENOENT: (.missing, "Check the path")
            case EACCES, EPERM, EROFS: (.inputOutput, "Give the broker's account the right to write there")
            case EMFILE, ENFILE: (.tooManyFiles, "Raise the limit of open files (`ulimit -n`)")
            default: (.inputOutput, "Check the disk before the broker is started again")
            }
        return StoreError(
            code, "\(what): \(String(cString: strerror(number))). \(advice)", systemError: number, file: file, line: line)
    }
}
