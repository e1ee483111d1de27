import Contracts

/// What a list's query asks for: pages, a filter by name, an order, a choice of columns.
struct Listing {
    private var page: Int?
    private var pageSize = 100
    private var name: (String) -> Bool = { _ in true }
    private var sort: [Substring]?
    private var isReversed = false
    private var columns: [[Substring]]?

    private static let mostOnAPage = 500

    /// - Throws: 400 for pages and expressions that are none.
    init(_ request: ManagementRequest) throws {
        let query = request.query
        page = try Self.number(query["page"])
        let size = try Self.number(query["page_size"])
        if let page {
            guard page > 0, (1...Self.mostOnAPage).contains(size ?? pageSize) else {
                throw ManagementFailure(
                    status: .badRequest, error: "invalid_pagination_parameters",
                    reason: "Invalid pagination parameters: page number \(page), page size \(size.map(String.init) ?? "undefined")")
            }
            pageSize = size ?? pageSize
        }
        if let text = query["name"], !text.isEmpty {
            if query["use_regex"] == "true" {
                // Case does not matter to RabbitMQ here, with an expression or without; in permissions it does.
                let pattern = try NamePattern(text, limit: 1_024, ignoringCase: true)
                name = { pattern.matches($0) }
            } else {
                let wanted = text.lowercased()
                name = { $0.lowercased().contains(wanted) }
            }
        }
        sort = query["sort"].flatMap { $0.isEmpty ? nil : $0.split(separator: ".") }
        isReversed = query["sort_reverse"] == "true"
        columns = query["columns"].flatMap { $0.isEmpty ? nil : $0.split(separator: ",").map { $0.split(separator: ".") } }
    }

    private static func number(_ text: String?) throws -> Int? {
        guard let text else { return nil }
        guard let number = Int(text) else { throw ManagementFailure.badRequest("Pagination parameters are invalid") }
        return number
    }

    /// Builds the answer. Items that the page leaves out are not built, unless the order needs them.
    func reply<Item>(_ items: [Item], name nameOf: (Item) -> String, build: (Item) -> JSONValue) throws -> ManagementOutcome {
        guard let page else {
            return .json(.array(ordered(items.map(build)).map(chosen)))
        }
        let filtered = items.filter { name(nameOf($0)) }
        let pages = (filtered.count + pageSize - 1) / pageSize
        // The page after the last one is there, and empty, when the last one is full; so is the first of none.
        guard page - 1 <= filtered.count / pageSize else {
            throw ManagementFailure(
                status: .badRequest, error: "page_out_of_range",
                reason: "Page out of range, page: \(page) page size: \(pageSize), len: \(filtered.count)")
        }
        let range = (page - 1) * pageSize..<min(page * pageSize, filtered.count)
        let shown = sort == nil && !isReversed ? filtered[range].map(build) : Array(ordered(filtered.map(build))[range])
        return .json([
            "filtered_count": .number(JSONNumber(filtered.count)), "item_count": .number(JSONNumber(shown.count)),
            "items": .array(shown.map(chosen)), "page": .number(JSONNumber(page)), "page_count": .number(JSONNumber(pages)),
            "page_size": .number(JSONNumber(pageSize)), "total_count": .number(JSONNumber(items.count)),
        ])
    }

    /// One object, with the columns that are asked for.
    func reply(_ item: JSONValue) -> ManagementOutcome { .json(chosen(item)) }

    private func ordered(_ values: [JSONValue]) -> [JSONValue] {
        var values = values
        if let sort {
            let keys = values.map { value in sort.reduce(value as JSONValue?) { $0?[String($1)] } }
            values = values.indices.sorted { Self.precedes(keys[$0], keys[$1]) }.map { values[$0] }
        }
        return isReversed ? values.reversed() : values
    }

    private static func precedes(_ first: JSONValue?, _ second: JSONValue?) -> Bool {
        if let first = first?.doubleValue, let second = second?.doubleValue { return first < second }
        return (first?.stringValue ?? first?.description ?? "") < (second?.stringValue ?? second?.description ?? "")
    }

    private func chosen(_ value: JSONValue) -> JSONValue {
        guard let columns else { return value }
        var result = JSONObject()
        for column in columns { Self.copy(column[...], from: value, to: &result) }
        return .object(result)
    }

    private static func copy(_ path: ArraySlice<Substring>, from value: JSONValue, to result: inout JSONObject) {
        guard let first = path.first.map(String.init), let member = value[first] else { return }
        guard path.count > 1 else {
            result[first] = member
            return
        }
        var nested = result[first]?.objectValue ?? JSONObject()
        copy(path.dropFirst(), from: member, to: &nested)
        result[first] = .object(nested)
    }
}
