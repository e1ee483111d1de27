import Foundation
import Servers

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The permission bits of a file.
func mode(of path: String) -> Int? {
    (try? FileManager.default.attributesOfItem(atPath: path))?[.posixPermissions] as? Int
}

/// Whether a process of that number runs (a zombie does not).
func runs(_ pid: Int32) -> Bool { ProcessTable.command(of: pid) != nil }

/// Waits until `condition` holds, or gives up after `seconds`.
func eventually(within seconds: Double = 60, _ condition: () async throws -> Bool) async rethrows -> Bool {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < deadline {
        if try await condition() { return true }
        try? await Task.sleep(for: .milliseconds(20))
    }
    return try await condition()
}

/// Runs a statement with `psql`; the URL goes in by the environment.
func psql(_ url: String, _ statement: String) async throws -> String {
    let parts = URLComponents(string: url)
    let environment = [
        "PATH": "/usr/bin:/bin", "PGHOST": parts?.queryItems?.first { $0.name == "host" }?.value ?? parts?.host ?? "",
        "PGPORT": "\(parts?.port ?? 0)", "PGUSER": parts?.user ?? "", "PGPASSWORD": parts?.password ?? "",
        "PGDATABASE": parts?.path.dropFirst().description ?? "",
    ]
    let result = try await ChildProcess.run(
        .init(executable: "psql", arguments: ["-qAtX", "-v", "ON_ERROR_STOP=1", "-c", statement], environment: environment))
    guard result.status.isSuccess else { throw PsqlFailure(text: result.standardError) }
    return result.standardOutput.trimmingCharacters(in: .whitespacesAndNewlines)
}

struct PsqlFailure: Error { var text: String }
