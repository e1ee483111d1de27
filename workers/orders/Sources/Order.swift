import Millrace
import Topics

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// An order: open when it is placed, then confirmed or rejected, and never anything else after that.
struct Order: Aggregate {
    static let category = "order"

    enum Status: String, Codable, Sendable {
        case new, open, confirmed, rejected
    }

    var history = History<OrderEvent>()
    private(set) var status = Status.new
    private(set) var orderID = UUID.none
    private(set) var customerID = ""
    private(set) var items: [OrderItem] = []
    private(set) var totalCents = 0
    private(set) var paymentToken: String?
    private(set) var reason: String?

    // MARK: Decisions. One that comes again, or too late, records nothing.

    mutating func place(_ command: PlaceOrder) {
        guard status == .new else { return }
        guard let total = Self.total(command.items) else {
            return record(.rejected(OrderRejected(orderID: command.orderID, reason: "the items make no valid order")))
        }
        record(
            .created(
                OrderCreated(
                    orderID: command.orderID, customerID: command.customerID, items: command.items, totalCents: total,
                    paymentToken: command.paymentToken)))
    }

    mutating func confirm(_ command: ConfirmOrder) {
        switch status {
        case .open: record(.confirmed(OrderConfirmed(orderID: orderID, totalCents: totalCents)))
        case .new: record(.rejected(OrderRejected(orderID: command.orderID, reason: "the order is not known")))
        case .confirmed, .rejected: break
        }
    }

    mutating func reject(_ command: RejectOrder) {
        guard status == .open || status == .new else { return }
        record(.rejected(OrderRejected(orderID: command.orderID, reason: command.reason)))
    }

    // MARK: State

    mutating func apply(_ event: OrderEvent) {
        switch event {
        case .created(let event):
            status = .open
            orderID = event.orderID
            customerID = event.customerID
            items = event.items
            totalCents = event.totalCents
            paymentToken = event.paymentToken
        case .confirmed:
            status = .confirmed
        case .rejected(let event):
            status = .rejected
            orderID = event.orderID
            reason = event.reason
        }
    }

    /// The event that says how the order stands: the answer to a command that changes nothing.
    var standing: any Event {
        switch status {
        case .confirmed:
            OrderConfirmed(orderID: orderID, totalCents: totalCents)
        case .rejected:
            OrderRejected(orderID: orderID, reason: reason ?? "rejected")
        case .new, .open:
            OrderCreated(
                orderID: orderID, customerID: customerID, items: items, totalCents: totalCents, paymentToken: paymentToken)
        }
    }

    /// The sum of the lines; nil if there are none, or one has no sense, or the sum is beyond all bounds.
    private static func total(_ items: [OrderItem]) -> Int? {
        guard !items.isEmpty else { return nil }
        var total = 0
        for item in items {
            guard item.quantity > 0, item.unitPriceCents >= 0 else { return nil }
            let (line, lineOverflow) = item.quantity.multipliedReportingOverflow(by: item.unitPriceCents)
            let (sum, sumOverflow) = total.addingReportingOverflow(line)
            guard !lineOverflow, !sumOverflow else { return nil }
            total = sum
        }
        return total
    }
}

/// All that can happen to an order.
enum OrderEvent: AggregateEvent {
    case created(OrderCreated)
    case confirmed(OrderConfirmed)
    case rejected(OrderRejected)

    static let cases: [EventCase<OrderEvent>] = [EventCase(created), EventCase(confirmed), EventCase(rejected)]

    var event: any Event {
        switch self {
        case .created(let event): event
        case .confirmed(let event): event
        case .rejected(let event): event
        }
    }
}

extension UUID {
    /// The nil UUID (RFC 9562): of an order that nothing has happened to.
    static let none = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
}
