/// `x-max-length` and `x-max-length-bytes`, and emptying.
extension Queue {
    /// Drops from the head until the limit holds.
    func dropOverflow() {
        guard options.overflow == .dropHead else { return }
        while ready.count > options.maxLength || (ready.bytes > options.maxBytes && !ready.isEmpty) {
            drop(because: .maxlen)
        }
    }

    /// Removes the messages that wait; those with consumers stay, but for the log if the queue is deleted: compaction has nobody to
    /// tell where it has moved them.
    ///
    /// - Returns: how many waited.
    func purge() -> Int {
        let count = ready.count
        guard count > 0 || (isDeleted && unacknowledgedCount > 0) else { return 0 }
        if let store { release(from: store) }
        releaseMemory()
        ready.removeAll()
        return count
    }

    /// One record says that all up to the last position are gone, if it says nothing wrong about messages with
    /// consumers.
    private func release(from store: any MessageStore) {
        guard unacknowledgedCount == 0 || isDeleted else {
            ready.visit { entry in
                if let stored = entry.stored { store.acknowledge(stored, slot(entry.position, entry.expiresAt)) }
            }
            return
        }
        var stored: [StoredMessage] = []
        ready.visit { if let place = $0.stored { stored.append(place) } }
        if !stored.isEmpty || isDeleted { store.purge(id, through: isDeleted ? .max : nextPosition - 1, stored) }
    }

    private func releaseMemory() {
        var bytes = 0
        ready.visit { if $0.message != nil { bytes += $0.memory } }
        budget.remove(bytes)
        readyMemory = 0
    }
}
