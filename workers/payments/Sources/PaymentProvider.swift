import Millrace

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Whoever moves the money. Both calls may be repeated with the same payment id and must then have no further effect:
/// a worker that dies between the call and its commit makes the call again.
protocol PaymentProvider: Sendable {
    /// Asks for an authorization.
    /// - Throws: when the answer is not known; the command is then tried again.
    func authorize(_ payment: PaymentRequest) async throws -> PaymentDecision

    /// Gives an authorization up. An unknown payment is no error.
    /// - Throws: when the answer is not known; the command is then tried again.
    func void(paymentID: UUID) async throws
}

/// What is to be authorized.
struct PaymentRequest: Sendable {
    var paymentID: UUID
    var orderID: UUID
    var amountCents: Int
    /// What the customer's client got from the provider, in place of a card's number.
    var token: String?
}

/// What a provider says.
enum PaymentDecision: Sendable, Equatable {
    case authorized(reference: String)
    case declined(reason: String)
}
