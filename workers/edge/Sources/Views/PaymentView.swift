import Millrace
import Topics

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The payments, as `GET /payments/{id}` shows them. A void that comes without its authorization makes the row too.
struct PaymentView: Projection {
    static func define(_ events: inout ProjectionEvents) {
        events.on(PaymentAuthorized.self) { payment, rows in
            rows.write(row(payment.paymentID, payment.orderID, payment.amountCents, "authorized", nil, rows.envelope.time))
        }
        events.on(PaymentDeclined.self) { payment, rows in
            rows.write(
                row(payment.paymentID, payment.orderID, payment.amountCents, "declined", payment.reason, rows.envelope.time))
        }
        events.on(PaymentVoided.self) { payment, rows in
            rows.write(
                """
                INSERT INTO payments AS p (payment_id, order_id, amount_cents, status, updated_at)
                VALUES (\(payment.paymentID), \(payment.orderID), \(payment.amountCents), 'voided', \(rows.envelope.time))
                ON CONFLICT (payment_id) DO UPDATE SET status = 'voided', updated_at = excluded.updated_at
                WHERE p.status = 'authorized'
                """)
        }
    }

    private static func row(
        _ id: UUID, _ orderID: UUID, _ cents: Int, _ status: String, _ reason: String?, _ time: Date
    ) -> SQL {
        """
        INSERT INTO payments (payment_id, order_id, amount_cents, status, reason, updated_at)
        VALUES (\(id), \(orderID), \(cents), \(status), \(reason), \(time))
        ON CONFLICT (payment_id) DO NOTHING
        """
    }
}
