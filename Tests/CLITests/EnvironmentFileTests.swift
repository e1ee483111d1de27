import Foundation
import Servers
import Testing
import millrace_cli

@Suite("Files of variables") struct EnvironmentFileTests {
    private func read(_ text: String) throws -> [String: String] {
        let folder = try TemporaryDirectory.make()
        defer { TemporaryDirectory.remove(folder) }
        try Secret.keep(text, in: folder + "/env")
        return try EnvironmentFile.read(folder + "/env")
    }

    @Test("names, values with anything in them, comments and empty lines")
    func reads() throws {
        let variables = try read("# a comment\n\nA=1\n  B = x=y z \nDATABASE_URL=postgres://a:b@h/d?host=/s#t\nEMPTY=\n")
        #expect(variables == ["A": "1", "B": " x=y z", "DATABASE_URL": "postgres://a:b@h/d?host=/s#t", "EMPTY": ""])
    }

    @Test("a line that is none is told by its number, not by its content", arguments: ["A=1\nsecret", "A=1\n=secret"])
    func refuses(_ text: String) throws {
        let error = #expect(throws: UsageFailure.self) { try read(text) }
        #expect(error?.description.contains("line 2") == true && error?.description.contains("secret") == false)
    }
}
