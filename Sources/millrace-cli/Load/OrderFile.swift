import Foundation

/// One order of a file: so many of one product, by one customer.
package struct FileOrder: Sendable, Equatable {
    package var customer: String
    package var quantity: Int
    /// The price of one, in cents.
    package var unitPriceCents: Int

    package init(customer: String, quantity: Int, unitPriceCents: Int) {
        self.customer = customer
        self.quantity = quantity
        self.unitPriceCents = unitPriceCents
    }

    /// The product, which the unit price names.
    package var product: String { "cd-\(unitPriceCents)" }
}

/// A file of orders: CSV with the columns `customer`, `quantity` and `amount` (of the whole order, with a decimal point),
/// in any order and among others.
package enum OrderFile {
    /// Reads a file.
    /// - Throws: `UsageFailure` that names file and line.
    package static func read(_ path: String, limit: Int? = nil) throws -> [FileOrder] {
        guard let data = FileManager.default.contents(atPath: path) else { throw UsageFailure("cannot read \(path)") }
        guard let text = String(validating: data, as: UTF8.self) else { throw UsageFailure("\(path) is not UTF-8") }
        do {
            return try parse(text, limit: limit)
        } catch let error as UsageFailure {
            throw UsageFailure("\(path): \(error.description)")
        }
    }

    /// Reads the text of a file.
    package static func parse(_ text: String, limit: Int? = nil) throws -> [FileOrder] {
        if text.isEmpty { throw UsageFailure("the file is empty") }
        // A line feed after a carriage return is one character to Swift, so lines are split by what they are.
        var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated().makeIterator()
        guard var header = lines.next()?.element.split(separator: ",", omittingEmptySubsequences: false).map(cell) else {
            return []
        }
        if header.first?.hasPrefix("\u{FEFF}") == true { header[0].removeFirst() }
        func column(_ name: String) throws -> Int {
            guard let index = header.firstIndex(of: name) else { throw UsageFailure("line 1: there is no column `\(name)`") }
            return index
        }
        let (customer, quantity, amount) = (try column("customer"), try column("quantity"), try column("amount"))
        var orders: [FileOrder] = []
        while let (index, line) = lines.next() {
            if line.isEmpty { continue }
            if let limit, orders.count >= limit { break }
            let cells = line.split(separator: ",", omittingEmptySubsequences: false).map(cell)
            guard cells.count == header.count else {
                throw UsageFailure("line \(index + 1): \(cells.count) columns instead of \(header.count)")
            }
            guard !cells[customer].isEmpty, cells[customer].count <= 64 else {
                throw UsageFailure("line \(index + 1): `customer` must have 1 to 64 characters")
            }
            guard let count = Int(cells[quantity]), (1...1000).contains(count) else {
                throw UsageFailure("line \(index + 1): `quantity` must be 1 to 1000, not `\(cells[quantity])`")
            }
            guard let total = cents(cells[amount]) else {
                throw UsageFailure("line \(index + 1): `amount` must be an amount of money such as 29.33, not `\(cells[amount])`")
            }
            // Half a cent rounds up; by whole numbers, so that no binary fraction decides.
            orders.append(FileOrder(customer: cells[customer], quantity: count, unitPriceCents: (2 * total + count) / (2 * count)))
        }
        return orders
    }

    /// An amount as whole cents; nil for anything but digits with at most two after a point.
    package static func cents(_ text: String) -> Int? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), parts[0].count <= 9, !parts[0].isEmpty else { return nil }
        guard parts.allSatisfy({ $0.allSatisfy { $0.isASCII && $0.isNumber } }), let whole = Int(parts[0]) else { return nil }
        guard parts.count == 2 else { return whole * 100 }
        guard (1...2).contains(parts[1].count), let fraction = Int(parts[1]) else { return nil }
        return whole * 100 + (parts[1].count == 1 ? fraction * 10 : fraction)
    }

    private static func cell(_ text: Substring) -> String {
        text.trimmingCharacters(in: .whitespaces).trimmingCharacters(in: ["\""])
    }
}
