import Millrace
import Testing

/// What the contracts of these tests say: `price.set` has two versions.
private let prices = MessageCatalog([
    MessageSchema(
        .event, topic: "test.prices", owner: "shop", type: "price.set", version: 1, isCurrent: false, partitionKey: "id",
        schema: #"{"type":"object"}"#),
    MessageSchema(
        .event, topic: "test.prices", owner: "shop", type: "price.set", version: 2, isCurrent: true, partitionKey: "id",
        schema: #"{"type":"object"}"#),
])

private struct PriceSetV1: Event {
    static let type = "price.set"
    static let topic = "test.prices"
    static var catalog: MessageCatalog? { prices }
    var euros: Int
    var partitionKey: String { "k" }
}

private struct PriceSet: Event {
    static let type = "price.set"
    static let topic = "test.prices"
    static let version = 2
    static var catalog: MessageCatalog? { prices }
    var cents: Int
    var partitionKey: String { "k" }
}

@Suite("A worker and its contracts")
struct EnforcementTests {
    private struct View: Projection {
        static func define(_ events: inout ProjectionEvents) { events.on(PriceSet.self) { _, _ in } }
    }

    private struct Handling: WorkerProgram {
        static func configure(_ worker: inout Worker) { worker.handle(PriceSet.self) { _, _ in } }
    }

    private struct Projecting: WorkerProgram {
        static func configure(_ worker: inout Worker) { worker.project(View.self) }
    }

    private struct Upcasting: WorkerProgram {
        static func configure(_ worker: inout Worker) {
            worker.handle(PriceSet.self) { _, _ in }
            worker.project(View.self)
            worker.upcast(PriceSetV1.self) { old in PriceSet(cents: old.euros * 100) }
        }
    }

    private struct UpcastingData: WorkerProgram {
        static func configure(_ worker: inout Worker) {
            worker.handle(PriceSet.self) { _, _ in }
            worker.upcast("price.set", from: 1) { data in data.rename("euros", to: "cents") }
        }
    }

    private func code(_ program: any WorkerProgram.Type, _ word: String) async -> Int32 {
        // Nobody listens there: a worker that gets so far fails with 1.
        let environment = ["DATABASE_URL": "postgres://nobody@127.0.0.1:1/none?connect_timeout=1", "AMQP_URL": "amqp://127.0.0.1:1"]
        return await WorkerProcess(program: program, arguments: [word], environment: environment).run()
    }

    /// Fails when the check is left out of WorkerProcess.perform, and (the projection) when a projection does not bring the contracts
    /// of its events.
    @Test("a worker whose contracts list a version without upcaster neither runs nor prepares", arguments: ["run", "prepare"])
    func refused(_ word: String) async throws {
        #expect(await code(Handling.self, word) == 64)
        #expect(await code(Projecting.self, word) == 64)
        for program in [Handling.self, Projecting.self] as [any WorkerProgram.Type] {
            var worker = Worker(name: "w", settings: try WorkerSettings(worker: "w", environment: [:]))
            try program.configure(&worker)
            let error = #expect(throws: ContractViolation.self) { try worker.verifyContracts() }
            #expect(error?.code == .missingUpcaster && error?.subject == "price.set version 1 (test.prices)")
            #expect(error?.message.contains("upcast(Old.self) { old in New(…) }") == true)
        }
    }

    @Test("an upcaster, of types or of data, is enough; describe does not ask")
    func accepted() async throws {
        for program in [Upcasting.self, UpcastingData.self] as [any WorkerProgram.Type] {
            var worker = Worker(name: "w", settings: try WorkerSettings(worker: "w", environment: [:]))
            try program.configure(&worker)
            try worker.verifyContracts()
        }
        #expect(await code(Handling.self, "describe") == 0)
    }

    @Test("the limit of a message comes from the environment", arguments: [("1000", 1_000), ("16000000", 16_000_000)])
    func limit(_ text: String, _ bytes: Int) throws {
        #expect(try WorkerSettings(worker: "w", environment: [:]).maximumMessageBytes == 1_000_000)
        let settings = try WorkerSettings(worker: "w", environment: ["MILLRACE_MAX_MESSAGE_BYTES": text])
        #expect(settings.maximumMessageBytes == bytes)
        #expect(Worker(name: "w", settings: settings).messaging.maximumMessageBytes == bytes)
        for wrong in ["999", "16000001", "1 MB"] {
            #expect(throws: SettingsError.self) {
                try WorkerSettings(worker: "w", environment: ["MILLRACE_MAX_MESSAGE_BYTES": wrong])
            }
        }
    }
}
