/// Files of sealed segments that are kept open for reading: a few, because a broker may have thousands of segments and not so
/// many descriptors.
struct OpenFiles {
    static let limit = 64

    private var files: [UInt32: any StorageFile] = [:]
    /// Oldest first.
    private var order: [UInt32] = []

    mutating func add(_ file: any StorageFile, _ number: UInt32) {
        if files.updateValue(file, forKey: number) == nil { order.append(number) }
        guard order.count > Self.limit else { return }
        files[order.removeFirst()] = nil
    }

    func file(_ number: UInt32) -> (any StorageFile)? { files[number] }

    mutating func remove(_ number: UInt32) {
        guard files.removeValue(forKey: number) != nil else { return }
        order.removeAll { $0 == number }
    }
}
