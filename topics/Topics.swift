// The types of this module are generated from the contracts beside this file, by the plugin TopicsPlugin, whenever one
// of them changes. What is written here by hand is added to them.

extension OrderItem {
    /// The price of the line, in cents.
    public var totalCents: Int { quantity * unitPriceCents }
}
