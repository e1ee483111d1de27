/// Finds what somebody who has mistyped a name probably meant.
package enum Spelling {
    /// The most similar of the names, if fewer than about a third of its letters differ.
    package static func nearest(to word: String, among names: [String]) -> String? {
        let ranked = names.map { (name: $0, distance: distance($0.lowercased(), word.lowercased())) }
        guard let best = ranked.min(by: { $0.distance < $1.distance }), best.distance <= max(1, word.utf8.count / 3) else { return nil }
        return best.name
    }

    /// How many letters must be changed, added or removed (Levenshtein 1965); only the first 64 count.
    static func distance(_ lhs: String, _ rhs: String) -> Int {
        let (lhs, rhs) = (Array(lhs.utf8.prefix(64)), Array(rhs.utf8.prefix(64)))
        var row = Array(0...rhs.count)
        for (i, a) in lhs.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, b) in rhs.enumerated() {
                let substituted = diagonal + (a == b ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substituted, row[j] + 1, diagonal + 1)
            }
        }
        return row[rhs.count]
    }
}
