import Millrace

@main
struct CheckoutWorker: WorkerProgram {
    static let name = "checkout"

    static func configure(_ worker: inout Worker) throws {
        try worker.saga(Checkout.self)
    }
}
