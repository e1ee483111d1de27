import Contracts
import Foundation
import Servers

/// The official test suite of JSON Schema. It is not kept here: `scripts/fetch-json-schema-suite` gets it once, into
/// `.build`; `MILLRACE_JSON_SCHEMA_SUITE` names a folder that has it already.
struct OfficialSuite {
    let folder: String

    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    private static let shared = Task { try await OfficialSuite(folder: locate()) }

    /// The suite; fetched when the first test asks.
    static func get() async throws -> OfficialSuite { try await shared.value }

    private static func locate() async throws -> String {
        if let folder = ProcessInfo.processInfo.environment["MILLRACE_JSON_SCHEMA_SUITE"] { return folder }
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        let folder = root.appendingPathComponent(".build/json-schema-suite").path
        let script = root.appendingPathComponent("scripts/fetch-json-schema-suite").path
        let result = try await ChildProcess.run(
            .init(executable: script, arguments: [folder]), timeout: .seconds(300))
        guard result.status.isSuccess else {
            throw Failure(description: "no JSON Schema test suite: \(script) ended with \(result.status): \(result.standardError)")
        }
        return folder
    }

    // MARK: Contents

    struct Group {
        var file: String
        var description: String
        var schema: JSONValue
        var tests: [Case]
    }

    struct Case {
        var description: String
        var data: JSONValue
        var isValid: Bool
    }

    /// The groups of all files right in a folder below `draft2020-12`.
    func groups(in subfolder: String = "") throws -> [Group] {
        let path = folder + "/tests/draft2020-12/" + subfolder
        let files = try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasSuffix(".json") }.sorted()
        return try files.flatMap { file in
            let list = try Self.read(path + "/" + file).arrayValue ?? []
            return try list.map { group in
                Group(
                    file: (subfolder.isEmpty ? "" : subfolder + "/") + file,
                    description: group["description"]?.stringValue ?? "", schema: try Self.member("schema", of: group),
                    tests: try (group["tests"]?.arrayValue ?? []).map { test in
                        Case(
                            description: test["description"]?.stringValue ?? "", data: try Self.member("data", of: test),
                            isValid: try Self.member("valid", of: test).boolValue ?? false)
                    })
            }
        }
    }

    /// The documents that the schemas refer to, as if they were served on port 1234.
    func registry() throws -> JSONSchemaRegistry {
        var registry = JSONSchemaRegistry()
        let remotes = folder + "/remotes"
        for case let file as String in FileManager.default.enumerator(atPath: remotes) ?? .init() where file.hasSuffix(".json") {
            registry.add(try Self.read(remotes + "/" + file), at: "http://localhost:1234/" + file)
        }
        return registry
    }

    private static func read(_ path: String) throws -> JSONValue {
        try JSONValue.parse(Array(try Data(contentsOf: URL(fileURLWithPath: path))))
    }

    private static func member(_ name: String, of value: JSONValue) throws -> JSONValue {
        guard let member = value[name] else { throw Failure(description: "a test without `\(name)`") }
        return member
    }
}
