import Millrace

/// What has become of a command.
enum CommandOutcome: Sendable, Equatable {
    /// It did what it was to do.
    case succeeded(Result)
    /// It did not; the text is what the worker that refused has said.
    case failed(Failure, reason: String)

    /// What a client that waits is told at once, without reading it again.
    enum Result: Sendable, Equatable {
        case order(totalCents: Int)
        case product
        case stock(available: Int)
    }

    /// The kinds of failure; the raw values are the kinds of the problems that clients see.
    enum Failure: String, Sendable, Equatable, CaseIterable {
        case orderRejected = "order-rejected"
        case paymentDeclined = "payment-declined"
        case insufficientStock = "insufficient-stock"
        case productRefused = "product-refused"
        case unknownProduct = "unknown-product"
    }
}

extension CommandOutcome.Failure {
    /// The failure as a client sees it.
    /// - Parameters:
    ///   - reason: what the worker that refused has said.
    ///   - command: the URI of the command.
    func problem(_ reason: String?, command: String) -> Problem {
        Problem(status, kind: rawValue, title: title, detail: reason, instance: command)
    }

    private var status: HTTPResponse.Status {
        switch self {
        case .orderRejected, .insufficientStock, .productRefused: .conflict
        case .paymentDeclined: .unprocessableContent
        case .unknownProduct: .notFound
        }
    }

    private var title: String {
        switch self {
        case .orderRejected: "The order was rejected"
        case .paymentDeclined: "The payment was declined"
        case .insufficientStock: "There is not enough stock"
        case .productRefused: "The product was refused"
        case .unknownProduct: "The product is not known"
        }
    }
}
