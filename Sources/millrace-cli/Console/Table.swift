/// Text in columns.
package struct Table {
    /// Which side a column is aligned to.
    package enum Side: Sendable { case left, right }

    let header: [String]
    let sides: [Side]
    private(set) var rows: [[String]] = []

    /// Makes an empty table; columns that are not named in `right` are aligned to the left.
    package init(_ header: [String], right: Set<Int> = []) {
        self.header = header
        self.sides = header.indices.map { right.contains($0) ? .right : .left }
    }

    /// Appends a row; missing cells are empty.
    package mutating func add(_ cells: [String]) {
        rows.append(cells + Array(repeating: "", count: max(0, header.count - cells.count)))
    }

    /// The table, without a line feed at its end.
    package var text: String {
        let all = [header] + rows
        let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { row in
            let cells = header.indices.map { column in
                let padding = String(repeating: " ", count: widths[column] - row[column].count)
                return sides[column] == .right ? padding + row[column] : row[column] + padding
            }
            let line = cells.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }.joined(separator: "\n")
    }
}
