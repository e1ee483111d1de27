/// The prepared statements of one connection, least recently used first out. Pure.
package struct StatementCache {
    private struct Entry {
        var name: String
        var types: [UInt32]
        var lastUse: UInt64
    }

    /// By text; the same text with other parameter types is another statement.
    private var entries: [String: [Entry]] = [:]
    private var texts: [String: String] = [:]
    private var clock: UInt64 = 0
    private let capacity: Int
    /// Statements the server still holds but nobody will use.
    private(set) package var garbage: [String] = []

    package init(capacity: Int) { self.capacity = max(capacity, 1) }

    package var count: Int { texts.count }

    /// The name to run `sql` under, and whether it must be prepared first.
    package mutating func use(_ sql: SQL) -> (name: String, isNew: Bool) {
        clock += 1
        if let found = entries[sql.text]?.firstIndex(where: { sql.parameters.hasTypes($0.types) }) {
            entries[sql.text]![found].lastUse = clock
            return (entries[sql.text]![found].name, false)
        }
        if texts.count >= capacity { evict() }
        let name = "m\(clock)"
        entries[sql.text, default: []].append(Entry(name: name, types: sql.parameters.types, lastUse: clock))
        texts[name] = sql.text
        return (name, true)
    }

    /// The server does not have the statement, or has it in a form that cannot be used any more (`isStillPrepared`).
    package mutating func forget(_ name: String, isStillPrepared: Bool = false) {
        guard let text = texts.removeValue(forKey: name) else { return }
        entries[text]?.removeAll { $0.name == name }
        if entries[text]?.isEmpty == true { entries[text] = nil }
        if isStillPrepared { garbage.append(name) }
    }

    /// One statement turned out to be stale, so the others may be, too: a changed table is read by many. To find out one by one would
    /// take as many attempts as there are. Does nothing for a statement that is forgotten already: what was sent before may still
    /// fail, when the others have been prepared anew.
    package mutating func forgetAll(because name: String, areStillPrepared: Bool) {
        guard texts[name] != nil else { return }
        if areStillPrepared { garbage += texts.keys }
        texts.removeAll()
        entries.removeAll()
    }

    /// The statements to deallocate now.
    package mutating func takeGarbage() -> [String] {
        defer { garbage = [] }
        return garbage
    }

    private mutating func evict() {
        // A linear search: it happens only when a new statement meets a full cache.
        let oldest = entries.values.joined().min { $0.lastUse < $1.lastUse }
        if let oldest { forget(oldest.name, isStillPrepared: true) }
    }
}
