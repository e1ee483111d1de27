import Millrace
import Topics

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// An order on its way from created to confirmed, or back to rejected.
struct Checkout: Saga {
    let orderID: UUID
    let customerID: String
    let items: [StockItem]
    let totalCents: Int
    let paymentToken: String?
    /// Why the order failed; what the customer is told.
    var reason: String?

    init(startedBy event: OrderCreated) {
        orderID = event.orderID
        customerID = event.customerID
        items = event.items.map { StockItem(productID: $0.productID, quantity: $0.quantity) }
        totalCents = event.totalCents
        paymentToken = event.paymentToken
    }

    /// An order has one payment, however often it is asked for.
    var paymentID: UUID { orderID.derived(1) }

    static var steps: some SagaSteps<Checkout> {
        Undo("reject order") { RejectOrder(orderID: $0.orderID, reason: $0.reason ?? "cancelled by an operator") }
            .compensated(on: OrderRejected.self)

        Step("reserve stock") { ReserveStock(orderID: $0.orderID, items: $0.items) }
            .succeeds(on: StockReserved.self)
            .fails(on: StockRejected.self, reason: \.reason) { $0.reason = "\($1.productID): \($1.reason)" }
            .compensate { ReleaseStock(orderID: $0.orderID) }
            .compensated(on: StockReleased.self)

        Step("authorize payment") {
            AuthorizePayment(
                paymentID: $0.paymentID, orderID: $0.orderID, amountCents: $0.totalCents, token: $0.paymentToken)
        }
        .succeeds(on: PaymentAuthorized.self)
        .fails(on: PaymentDeclined.self, reason: \.reason) { $0.reason = "payment declined: \($1.reason)" }
        .timeout(.seconds(60)) { $0.reason = "the payment provider did not answer" }
        .compensate { VoidPayment(paymentID: $0.paymentID, orderID: $0.orderID) }
        .compensated(on: PaymentVoided.self)

        Step("create shipment") { CreateShipment(orderID: $0.orderID, customerID: $0.customerID, items: $0.items) }
            .succeeds(on: ShipmentCreated.self)
            .fails(on: ShipmentRefused.self, reason: \.reason) { $0.reason = "shipment refused: \($1.reason)" }
            .compensate { CancelShipment(orderID: $0.orderID) }
            .compensated(on: ShipmentCancelled.self)

        Step("confirm order") { ConfirmOrder(orderID: $0.orderID) }
            .succeeds(on: OrderConfirmed.self)
    }
}
