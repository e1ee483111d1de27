import Foundation
import Testing

/// The code that the documents show is the code that is compiled: `Examples/` holds it, and these tests compare the two.
@Suite("The documents' code compiles") struct DocumentationTests {
    /// The code blocks of one language in a document.
    private func blocks(_ document: String, _ language: String) throws -> [String] {
        let text = try String(contentsOfFile: Fixture.project + "/" + document, encoding: .utf8)
        return text.components(separatedBy: "\n```").enumerated().compactMap { index, part in
            guard index % 2 == 1, part.hasPrefix(language + "\n") else { return nil }
            return String(part.dropFirst(language.count + 1)) + "\n"
        }
    }

    private func example(_ path: String) throws -> String {
        try String(contentsOfFile: "\(Fixture.project)/Examples/workers/loyalty/\(path)", encoding: .utf8)
    }

    @Test("README.md shows the worker of Examples/ in 15 lines")
    func readme() throws {
        let shown = try blocks("README.md", "swift")
        let code = try example("Sources/Loyalty.swift")
        #expect(shown == [code])
        #expect(code.split(separator: "\n").filter { !$0.hasPrefix("import") }.count <= 15)
    }

    @Test("docs/workers.md shows the whole of it")
    func workers() throws {
        #expect(try blocks("docs/workers.md", "swift").first == example("Sources/Loyalty.swift"))
        #expect(try blocks("docs/workers.md", "sql") == [example("migrations/V1__points.sql")])
        #expect(try blocks("docs/workers.md", "yaml") == [example("worker.yaml")])
        let package = try String(contentsOfFile: Fixture.project + "/Package.swift", encoding: .utf8)
        #expect(package.contains(#"path: "Examples/workers/loyalty/Sources""#))
    }
}
