/// The folder that a broker keeps its data in. Everything the store does to a disk goes through here, so that tests can put a
/// disk in its place that loses, tears and reorders what was not synced.
///
/// Names are plain file names without a path. All methods may be called from any thread.
package protocol Storage: AnyObject, Sendable {
    /// The names of all files, in no particular order.
    func list() throws(StoreError) -> [String]
    /// Opens a file for reading and writing; with `create` it is made if it is not there. The name is durable only after
    /// `syncFolder`.
    func open(_ name: String, create: Bool) throws(StoreError) -> any StorageFile
    /// Removes a file. Files that are still open stay readable. Durable only after `syncFolder`.
    func remove(_ name: String) throws(StoreError)
    /// Renames a file, replacing what has the new name, in one step. Durable only after `syncFolder`.
    func rename(_ name: String, to newName: String) throws(StoreError)
    /// Makes all changes of names durable.
    func syncFolder() throws(StoreError)
    /// Bytes that may still be written.
    func freeSpace() throws(StoreError) -> UInt64
    /// Gives the folder to whoever opens it next, although somebody may still refer to this one. Nothing may be written
    /// afterwards.
    func release()
}

extension Storage {
    /// Most have no lock.
    package func release() {}
}

/// An open file. Closed when it is released.
package protocol StorageFile: AnyObject, Sendable {
    /// Bytes.
    func size() throws(StoreError) -> Int
    /// Writes all the bytes at an offset, growing the file where needed. Durable only after `sync`.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(StoreError)
    /// Reads until the buffer is full or the file ends; returns the number of bytes read.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(StoreError) -> Int
    /// Grows the file to at least `size` bytes and reserves the blocks, so that writing within needs neither room nor a new
    /// size. New bytes read as zeros.
    func preallocate(_ size: Int) throws(StoreError)
    /// Cuts or grows the file to `size` bytes.
    func truncate(_ size: Int) throws(StoreError)
    /// Makes everything written before the call durable. An error is final: what was written may be lost, and calling again
    /// would hide that.
    func sync() throws(StoreError)
    /// Says that what was synced is not needed for a while, so that the system need not keep it in memory. Reading works as before.
    func dropCached()
}

extension StorageFile {
    /// Most are in memory anyway.
    package func dropCached() {}
}
