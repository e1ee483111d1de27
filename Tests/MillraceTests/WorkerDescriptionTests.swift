import Millrace
import Testing
import Topics

@Suite("What a worker says of itself")
struct WorkerDescriptionTests {
    private struct View: Projection {
        static func define(_ events: inout ProjectionEvents) {
            events.on(OrderCreated.self) { _, _ in }
        }
    }

    private enum Sample: WorkerProgram {
        static func configure(_ worker: inout Worker) {
            worker.handle(ReserveStock.self) { _, _ in }
            // A second handler of a type is no second command.
            worker.handle(ReserveStock.self) { _, _ in }
            worker.handle(OrderCreated.self) { _, _ in }
            worker.handle(PaymentDeclined.self) { _, _ in }
            worker.project(View.self)
            worker.routes { router in router.get("/x") { _, _ in "x" } }
        }
    }

    @Test("describe names commands, events, bindings and projections")
    func describe() throws {
        var worker = Worker(name: Sample.name, settings: try WorkerSettings(worker: Sample.name, environment: [:]))
        Sample.configure(&worker)
        let json = try JSONValue.parse(WorkerDescription(worker).json)
        #expect(json["name"]?.stringValue == "sample")
        #expect(json["queues"]?[0]?.stringValue == "worker.sample")
        #expect(json["commands"] == ["stock.reserve"])
        #expect(json["events"]?.arrayValue?.count == 2)
        #expect(json["topics"] == ["commerce.orders", "commerce.payments"])
        #expect(json["projections"] == ["view"])
        #expect(json["bindings"]?.arrayValue?.count == 3)
        #expect(json["bindings"]?[0]?["exchange"]?.stringValue == "commands")
        #expect(json["routes"]?.boolValue == true)
    }

    private enum OrderHistoryView: WorkerProgram {
        static func configure(_ worker: inout Worker) {}
    }

    @Test("names are made of the type's name")
    func names() {
        #expect(OrderHistoryView.name == "order-history-view")
        #expect(Sample.name == "sample")
    }
}
