#if canImport(Glibc)
    import Glibc
#endif

/// Keeps the process small.
enum MemoryLimits {
    /// glibc gives each thread its own heap, up to eight per core, and hands little of it back. A worker has a handful of
    /// threads that allocate, so two heaps serve it as well, in less memory. Call it before other threads are there.
    static func apply() {
        #if canImport(Glibc)
            // <malloc.h> is not part of the module Glibc; M_ARENA_MAX is -8 there. A library without mallopt is left alone.
            guard let symbol = dlsym(nil, "mallopt") else { return }
            let mallopt = unsafeBitCast(symbol, to: (@convention(c) (CInt, CInt) -> CInt).self)
            _ = mallopt(-8, 2)
        #endif
    }
}
