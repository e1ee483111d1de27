// swift-tools-version:6.2
import PackageDescription

// A warning that a later compiler invents must not keep anybody from building; here it must not stay.
let strictness: [SwiftSetting] = Context.environment["MILLRACE_STRICT"] == nil ? [] : [.treatAllWarnings(as: .error)]
let settings: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
    ] + strictness

let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let collections = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioConcurrency = Target.Dependency.product(name: "NIOConcurrencyHelpers", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// A worker is one executable, `<name>-worker`, whose sources live in `workers/<name>/Sources`.
func worker(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .executableTarget(
        name: "\(name)-worker",
        dependencies: ["Millrace", "Topics"] + dependencies,
        path: "workers/\(name)/Sources",
        swiftSettings: settings
    )
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

let package = Package(
    name: "millrace",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "Millrace", targets: ["Millrace"]),
        .library(name: "Contracts", targets: ["Contracts"]),
        .library(name: "Broker", targets: ["Broker"]),
        .library(name: "MillraceTesting", targets: ["MillraceTesting"]),
        .plugin(name: "TopicsPlugin", targets: ["TopicsPlugin"]),
        .executable(name: "millrace", targets: ["millrace-cli"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .systemLibrary(
            name: "CLibPQ", pkgConfig: "libpq",
            providers: [.apt(["libpq-dev"]), .brew(["libpq"])]),
        .systemLibrary(
            name: "CRabbitMQ", pkgConfig: "librabbitmq",
            providers: [.apt(["librabbitmq-dev"]), .brew(["rabbitmq-c"])]),
        .systemLibrary(
            name: "COpenSSL", pkgConfig: "libcrypto",
            providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),
        .systemLibrary(name: "CChecksum"),

        library("Locking"),
        library("Loop", ["Locking"]),
        library("Contracts", ["Locking"]),
        library("ContractFiles", ["Contracts", yams]),
        library("TopicsGenerator", ["Contracts", "ContractFiles"]),
        .executableTarget(
            name: "topics-generator", dependencies: ["ContractFiles", "TopicsGenerator"], swiftSettings: settings),
        .plugin(name: "TopicsPlugin", capability: .buildTool(), dependencies: ["topics-generator"]),
        // The folder of the contracts is the module: what is in it by hand is added to what is generated.
        .target(
            name: "Topics", dependencies: ["Contracts"], path: "topics", swiftSettings: settings,
            plugins: ["TopicsPlugin"]),
        library("Compatibility", ["Contracts", "ContractFiles"]),
        library("Postgres", ["Locking", "Loop", "CLibPQ", logging, lifecycle, collections]),
        library("AMQP", ["Locking", "Loop", "CRabbitMQ", logging, lifecycle, collections]),
        library(
            "Broker",
            [
                "Locking", "COpenSSL", "CChecksum", "Contracts", nioCore, nioPosix, nioTLS, nioSSL, nioHTTP1, nioConcurrency,
                collections, logging, lifecycle,
            ]),
        library("Observability", [logging]),
        library("Messaging", ["Locking", "Loop", "Contracts", "Postgres", "AMQP", logging, lifecycle, collections]),
        library("EventStore", ["Locking", "Contracts", "Postgres", "Messaging"]),
        library("Projections", ["Contracts", "Postgres", "Messaging"]),
        library("Sagas", ["Locking", "Contracts", "Postgres", "Messaging", logging]),
        library("Journal", ["Contracts", "Postgres", "Messaging"]),
        library("Edge", ["Locking", "Contracts", hummingbird, nioCore, nioHTTP1]),
        .systemLibrary(name: "CProcess"),
        library("Servers", ["CProcess", "Locking", logging]),
        library(
            "Millrace",
            [
                "Locking", "Contracts", "Postgres", "AMQP", "Messaging", "EventStore", "Projections", "Sagas", "Journal",
                "Edge", "Observability", hummingbird, nioCore, nioPosix, logging, lifecycle, unixSignals,
            ]),
        library("MillraceTesting", ["Broker", "Contracts", logging]),
        .executableTarget(
            name: "millrace-cli",
            dependencies: [
                "Locking", "Contracts", "ContractFiles", "Compatibility", "TopicsGenerator", "Topics", "Postgres", "AMQP", "Broker",
                "Observability", "Messaging", "Sagas", "Journal", "Servers",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                nioCore, nioPosix, nioHTTP1, nioTLS, nioSSL, collections, lifecycle,
                yams,
                logging,
            ],
            path: "Sources/millrace-cli",
            swiftSettings: settings
        ),

        .target(
            name: "TestSupport", dependencies: ["Locking", "Servers", "Postgres", "AMQP", logging],
            path: "Tests/TestSupport", swiftSettings: settings),
        tests("AMQPTests", ["Locking", "AMQP", "Servers", "TestSupport", "broker-process", logging, lifecycle]),
        tests("ContractsTests", ["Contracts", "ContractFiles", "Topics", "Servers"]),
        tests("EdgeTests", ["Edge", "Locking", "Contracts", hummingbird]),
        tests("EventStoreTests", ["EventStore", "Contracts", "Postgres", "TestSupport", logging]),
        .executableTarget(
            name: "fault-worker",
            dependencies: ["Locking", "Messaging", "Journal", "Contracts", "Postgres", "AMQP", logging, lifecycle],
            path: "Tests/FaultWorker", swiftSettings: settings),
        tests("FaultTests", ["fault-worker", "Messaging", "Journal", "Contracts", "Postgres", "AMQP", "Servers", "TestSupport", logging]),
        tests(
            "MessagingTests",
            ["Locking", "Messaging", "Contracts", "Postgres", "AMQP", "Servers", "TestSupport", "broker-process", logging, lifecycle]),
        tests("JournalTests", ["Journal", "Messaging", "Contracts", "Postgres", "AMQP", "TestSupport", "broker-process", logging]),
        tests(
            "MillraceTests",
            ["Edge", "Locking", "Millrace", "Topics", "Observability", "Contracts", "TestSupport", nioCore, nioEmbedded, logging]),
        tests("PostgresTests", ["Locking", "Postgres", "Servers", "TestSupport", logging]),
        tests("ProjectionsTests", ["Projections", "Contracts", "Messaging", "Postgres", "TestSupport", logging]),
        tests(
            "SagasTests", ["Locking", "Sagas", "Messaging", "Contracts", "Postgres", "AMQP", "Topics", "TestSupport", logging, lifecycle]),
        tests("ServersTests", ["Servers"]),
        tests(
            "WorkersTests",
            [
                "Millrace", "Topics", "AMQP", "Contracts", "Postgres", "Servers", "TestSupport", "edge-worker",
                "orders-worker", "inventory-worker", "payments-worker", "shipping-worker", "checkout-worker", "journal-worker", nioCore,
                nioPosix, logging,
            ]),
        tests(
            "CLITests",
            [
                "millrace-cli", "Journal", "Locking", "Servers", "TestSupport", "Postgres", "AMQP", "Contracts", "ContractFiles", "Topics",
                "journal-worker", "payments-worker", "loyalty-worker", nioCore, nioPosix, nioHTTP1, yams, logging,
            ]),
        tests(
            "BrokerTests",
            [
                "Broker", "MillraceTesting", "AMQP", "Contracts", "Locking", "Servers", "TestSupport", nioCore, nioPosix,
                nioHTTP1, nioSSL, nioEmbedded, collections, logging, lifecycle,
            ]),
        .executableTarget(
            name: "broker-process", dependencies: ["Broker", logging, lifecycle], path: "Tests/BrokerCrashProcess",
            swiftSettings: settings),
        tests("BrokerCrashTests", ["broker-process", "Servers", "Locking"]),
        tests("MillraceTestingTests", ["MillraceTesting", "Broker", "AMQP", logging, lifecycle]),
        // Contracts with everything in them that is hard to name, generated for the tests.
        .target(
            name: "OddTopics", dependencies: ["Contracts"], path: "Tests/OddTopics", swiftSettings: settings,
            plugins: ["TopicsPlugin"]),
        tests("TopicsGeneratorTests", ["Contracts", "ContractFiles", "TopicsGenerator", "OddTopics"]),
        tests("CompatibilityTests", ["Contracts", "ContractFiles", "Compatibility"]),

        .executableTarget(
            name: "benchmarks",
            dependencies: ["Servers", "Messaging", "Contracts", "Postgres", "AMQP", "Topics", logging, lifecycle],
            path: "Benchmarks/Sources", swiftSettings: settings),

        .executableTarget(
            name: "schema-benchmark", dependencies: ["Contracts"], path: "Benchmarks/schema/Sources", swiftSettings: settings),

        // The worker of README.md and docs/workers.md, so that what stands there compiles and runs.
        .executableTarget(
            name: "loyalty-worker", dependencies: ["Millrace", "Topics"], path: "Examples/workers/loyalty/Sources",
            swiftSettings: settings),

        worker("edge", ["Locking", lifecycle]),
        worker("orders"),
        worker("inventory"),
        worker("payments"),
        worker("shipping"),
        worker("checkout"),
        worker("journal"),
    ]
)
