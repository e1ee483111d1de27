extension PostgresExecutor {
    /// Starts a typed query: `db.select(OrderSummary.self).where(\.customerID == id).all()`.
    public func select<Root: Table>(_ type: Root.Type) -> Select<Root> { Select(executor: self) }

    /// Starts an insert of one row; end it with `run()` or `returning()`.
    public func insert<Root: Table>(_ row: Root) -> Insert<Root> {
        Insert(executor: self, rows: [row], mode: .plain, on: [])
    }

    /// Starts an insert of many rows as one statement; without rows nothing is sent.
    public func insert<Root: Table>(_ rows: [Root]) -> Insert<Root> {
        Insert(executor: self, rows: rows, mode: .plain, on: [])
    }

    /// Starts an insert that leaves a row alone if one with the same key is there.
    ///
    /// - Parameter keys: the columns of the unique constraint; none for any constraint.
    public func insertIfAbsent<Root: Table>(_ row: Root, on keys: PartialKeyPath<Root>...) -> Insert<Root> {
        Insert(executor: self, rows: [row], mode: .skipping, on: keys)
    }

    /// Starts an insert of many rows that leaves those alone that are there.
    public func insertIfAbsent<Root: Table>(_ rows: [Root], on keys: PartialKeyPath<Root>...) -> Insert<Root> {
        Insert(executor: self, rows: rows, mode: .skipping, on: keys)
    }

    /// Starts an insert that updates the row with the same key if there is one. All other
    /// columns take the new values, unless `updating`, `setting` or `adding` choose some.
    ///
    /// - Parameters:
    ///   - key: the first column of the unique constraint.
    ///   - more: its further columns.
    public func upsert<Root: Table>(
        _ row: Root, on key: PartialKeyPath<Root>, _ more: PartialKeyPath<Root>...
    ) -> Insert<Root> {
        Insert(executor: self, rows: [row], mode: .updating, on: [key] + more)
    }

    /// Starts an upsert of many rows, whose keys must differ from each other.
    public func upsert<Root: Table>(
        _ rows: [Root], on key: PartialKeyPath<Root>, _ more: PartialKeyPath<Root>...
    ) -> Insert<Root> {
        Insert(executor: self, rows: rows, mode: .updating, on: [key] + more)
    }

    /// Starts a change of rows: `db.update(Product.self).set(\.name, to: name).where(\.id == id).run()`.
    public func update<Root: Table>(_ type: Root.Type) -> Update<Root> { Update(executor: self) }

    /// Starts a removal of rows: `db.delete(Product.self).where(\.id == id).run()`.
    public func delete<Root: Table>(_ type: Root.Type) -> Delete<Root> { Delete(executor: self) }
}
