import Millrace

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Decides by rule and moves no money: for development, demonstrations and tests.
///
/// It declines amounts above `MILLRACE_PAYMENT_LIMIT_CENTS` (default 15000) and the tokens `tok_declined`,
/// `tok_insufficient_funds` and `tok_expired`.
struct LocalPaymentProvider: PaymentProvider {
    let limitCents: Int

    init(_ settings: WorkerSettings) throws {
        limitCents = try settings.integer("MILLRACE_PAYMENT_LIMIT_CENTS", default: 15_000)
    }

    func authorize(_ payment: PaymentRequest) async -> PaymentDecision {
        switch payment.token {
        case "tok_declined": .declined(reason: "the card was declined")
        case "tok_insufficient_funds": .declined(reason: "insufficient funds")
        case "tok_expired": .declined(reason: "the card has expired")
        default:
            payment.amountCents > limitCents
                ? .declined(reason: "the amount is above the limit")
                : .authorized(reference: "local-\(payment.paymentID.lowercased)")
        }
    }

    func void(paymentID: UUID) async {}
}
