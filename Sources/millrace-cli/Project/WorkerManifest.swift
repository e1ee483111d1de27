import Foundation
import Yams

/// `workers/<name>/worker.yaml`: what is known of a worker without running it.
package struct WorkerManifest: Sendable, Codable, Equatable {
    /// What a worker may use, for those who deploy it.
    package struct Resources: Sendable, Codable, Equatable {
        package var memory: String?
    }

    package var name: String
    package var executable: String
    package var description: String
    /// The topics it publishes.
    package var owns: [String]
    /// The topics it takes events from; `#` stands for all of the project.
    package var consumes: [String]
    /// The port of its HTTP server; nil takes a free one.
    package var port: Int?
    package var resources: Resources

    /// What stands in `consumes` for all topics.
    static let everything = "#"

    /// Puts the topics of the project into the place of `#`.
    mutating func consumeEverything(of topics: Set<String>) {
        if consumes.contains(Self.everything) { consumes = topics.subtracting(owns).sorted() }
    }

    private struct File: Decodable {
        struct HTTP: Decodable { var port: Int? }
        var name: String
        var executable: String?
        var description: String?
        var owns: [String]?
        var consumes: [String]?
        var http: HTTP?
        var resources: Resources?
    }

    /// Reads the file.
    /// - Throws: `UsageFailure` that names the file and what is wrong in it.
    package init(file: String) throws {
        guard let data = FileManager.default.contents(atPath: file) else { throw UsageFailure("cannot read \(file)") }
        let yaml = String(decoding: data, as: UTF8.self)
        do {
            try self.init(yaml: yaml)
        } catch {
            throw UsageFailure("\(file): \(Self.words(error))")
        }
    }

    /// Reads the text of a file.
    package init(yaml: String) throws {
        let file = try YAMLDecoder().decode(File.self, from: yaml)
        name = file.name
        executable = file.executable ?? "\(file.name)-worker"
        description = file.description ?? ""
        owns = file.owns ?? []
        consumes = file.consumes ?? []
        port = file.http?.port
        resources = file.resources ?? Resources()
        // The name becomes part of a role, a schema, a queue and a file name.
        let letters = Set("abcdefghijklmnopqrstuvwxyz0123456789-")
        guard let first = name.first, first.isLetter, name.count <= 40, name.allSatisfy(letters.contains) else {
            throw UsageFailure("`name: \(name)` must be 1 to 40 lower-case letters, digits or hyphens, a letter first")
        }
        if let port, !(1...65_535).contains(port) { throw UsageFailure("`http.port: \(port)` must be 1 to 65535") }
    }

    /// Its schema in the database.
    package var schema: String { Self.schema(of: name) }
    /// The schema of the worker of this name.
    static func schema(of name: String) -> String { name.replacingOccurrences(of: "-", with: "_") }
    /// Its role in the database.
    package var role: String { "worker_" + schema }

    private static func words(_ error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, _): "`\(key.stringValue)` is missing"
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
            "`\(context.codingPath.map(\.stringValue).joined(separator: "."))`: \(context.debugDescription)"
        default: "\(error)"
        }
    }
}
