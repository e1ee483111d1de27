import Millrace
import Topics

/// The worker's record of payments. Each payment is decided once; a repeated command gets the first answer again.
struct PaymentLedger: Sendable {
    let provider: any PaymentProvider

    func authorize(_ command: AuthorizePayment, _ context: MessageContext) async throws -> any Event {
        let request = PaymentRequest(
            paymentID: command.paymentID, orderID: command.orderID, amountCents: command.amountCents, token: command.token)
        let decision = try await provider.authorize(request)
        let payment = try await record(decision, command, context)
        switch payment.status {
        case "authorized":
            return PaymentAuthorized(
                paymentID: command.paymentID, orderID: command.orderID, amountCents: payment.amountCents)
        case "voided":
            // It was voided before it came; what the provider has just granted is not to stay.
            try await provider.void(paymentID: command.paymentID)
            return declined(command, "the payment was voided")
        default:
            return declined(command, payment.reason ?? "declined")
        }
    }

    func void(_ command: VoidPayment, in db: some PostgresExecutor) async throws -> PaymentVoided {
        let voided = try await db.queryOne(
            """
            WITH changed AS (
                INSERT INTO payments AS p (payment_id, order_id, amount_cents, status, voided_at)
                VALUES (\(command.paymentID), \(command.orderID), 0, 'voided', now())
                ON CONFLICT (payment_id) DO UPDATE SET status = 'voided', voided_at = now() WHERE p.status = 'authorized'
                RETURNING status, amount_cents, reason
            )
            SELECT status, amount_cents, reason FROM changed
            UNION ALL
            SELECT status, amount_cents, reason FROM payments
            WHERE payment_id = \(command.paymentID) AND NOT EXISTS (SELECT FROM changed)
            """,
            as: Payment.self)
        try await provider.void(paymentID: command.paymentID)
        let amount = voided.map { $0.status == "voided" ? $0.amountCents : 0 } ?? 0
        return PaymentVoided(paymentID: command.paymentID, orderID: command.orderID, amountCents: amount)
    }

    private func record(
        _ decision: PaymentDecision, _ command: AuthorizePayment, _ context: MessageContext
    ) async throws -> Payment {
        let (status, reason, reference): (String, String?, String?) =
            switch decision {
            case .authorized(let reference): ("authorized", nil, reference)
            case .declined(let reason): ("declined", reason, nil)
            }
        let decided: SQL = """
            WITH decided AS (
                INSERT INTO payments (payment_id, order_id, amount_cents, status, reason, provider_reference)
                VALUES (\(command.paymentID), \(command.orderID), \(command.amountCents), \(status), \(reason), \(reference))
                ON CONFLICT (payment_id) DO NOTHING
                RETURNING status, amount_cents, reason
            )
            """
        let new = Payment(status: status, amountCents: command.amountCents, reason: reason)
        if context.mayAssume {
            // Nearly always this is the first that is heard of the payment.
            context.db.enqueue(decided + " SELECT CASE WHEN count(*) = 0 THEN \(MessageContext.refusal) END FROM decided")
            return new
        }
        let payment = try await context.db.queryOne(
            decided + """
                 SELECT status, amount_cents, reason FROM decided
                UNION ALL
                SELECT status, amount_cents, reason FROM payments
                WHERE payment_id = \(command.paymentID) AND NOT EXISTS (SELECT FROM decided)
                """,
            as: Payment.self)
        return payment ?? new
    }

    private func declined(_ command: AuthorizePayment, _ reason: String) -> PaymentDeclined {
        PaymentDeclined(
            paymentID: command.paymentID, orderID: command.orderID, amountCents: command.amountCents, reason: reason)
    }

    private struct Payment: Decodable, Sendable {
        var status: String
        var amountCents: Int
        var reason: String?
    }
}
