/// The place after which a page starts.
enum KeysetCursor<Root: Table>: Sendable {
    case row(Root)
    case values([any PostgresEncodable])

    /// The condition for rows behind the cursor in the given order.
    ///
    /// With one direction it is one comparison of rows, `(a, b) > ($1, $2)`, which an index over
    /// the columns answers; with mixed directions it is spelt out.
    func condition(_ orders: [Order<Root>]) -> SQL {
        guard !orders.isEmpty else {
            return .failing(.usage("after() needs an order: call order(by:), ending with a unique column"))
        }
        let values: [SQL]
        switch bound(orders) {
        case .success(let bound): values = bound
        case .failure(let error): return .failing(error)
        }
        if orders.allSatisfy({ $0.direction == orders[0].direction }) {
            let names = orders.map { "t.\($0.name)" as SQL }.joined(separator: ", ")
            let bound = values.joined(separator: ", ")
            return orders[0].direction == .ascending ? "(\(names)) > (\(bound))" : "(\(names)) < (\(bound))"
        }
        return spelled(orders, values)
    }

    private func spelled(_ orders: [Order<Root>], _ values: [SQL]) -> SQL {
        var alternatives: [SQL] = []
        for (index, order) in orders.enumerated() {
            var terms = (0..<index).map { "t.\(orders[$0].name) = \(values[$0])" as SQL }
            switch order.direction {
            case .ascending: terms.append("t.\(order.name) > \(values[index])")
            case .descending: terms.append("t.\(order.name) < \(values[index])")
            }
            alternatives.append("(\(terms.joined(separator: " AND ")))")
        }
        return "(\(alternatives.joined(separator: " OR ")))"
    }

    private func bound(_ orders: [Order<Root>]) -> Result<[SQL], PostgresError> {
        if case .values(let values) = self, values.count != orders.count {
            return .failure(.usage("after() has \(values.count) values, but the query is ordered by \(orders.count) columns"))
        }
        var result: [SQL] = []
        for (index, order) in orders.enumerated() {
            guard let column = order.column else { return .failure(order.name.failure ?? .usage("unknown column")) }
            if column.isOptional {
                return .failure(.usage("after() cannot use '\(column.name)': it may be NULL, which has no place in the order"))
            }
            switch self {
            case .row(let row): result.append(column.bind(row))
            case .values(let values):
                let value = bind(values[index])
                guard value.parameters.types == [column.type.oid] else {
                    return .failure(
                        .usage("after(): the value for '\(column.name)' is \(type(of: values[index])), not \(column.type)"))
                }
                result.append(value)
            }
        }
        return .success(result)
    }

    private func bind(_ value: some PostgresEncodable) -> SQL { "\(value)" }
}
