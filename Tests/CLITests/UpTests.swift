import Foundation
import Servers
import Testing
import millrace_cli

@Suite(
    "millrace up", .timeLimit(.minutes(4)),
    .enabled(if: ServersAvailability.postgres != nil && ServersAvailability.rabbitMQ != nil))
struct UpTests {
    /// A running `millrace up`.
    private struct Run {
        let process: ChildProcess
        let ports: [String: Int]

        func send(_ method: String, _ path: String, _ body: String = "", wait: Int = 0) async throws -> (status: UInt, text: String) {
            let client = HTTPClient(port: ports["edge"] ?? 0, connections: 1)
            let answer = try await client.send(
                .init(method: .init(rawValue: method), path: path, headers: wait > 0 ? [("prefer", "wait=\(wait)")] : [], body: Array(body.utf8)))
            await client.close()
            return (UInt(answer.status), String(decoding: answer.body, as: UTF8.self))
        }
    }

    /// Starts it and reads the table of endpoints that it prints when everything is ready.
    private func start(_ data: String, temporary: String, arguments: [String] = []) async throws -> Run {
        struct Endpoint: Decodable {
            var worker: String
            var url: String
        }
        var environment = ProcessInfo.processInfo.environment
        for key in ["DATABASE_URL", "AMQP_URL", "MILLRACE_HOME"] { environment[key] = nil }
        environment["TMPDIR"] = temporary
        let process = try ChildProcess.spawn(
            .init(
                executable: Fixture.millrace, arguments: ["up", "--data", data, "--log", "warning", "-o", "json"] + arguments,
                environment: environment, workingDirectory: Fixture.project, standardOutput: .lines, standardError: .file(data + ".log")))
        var text = ""
        for await line in process.standardOutput {
            text += line + "\n"
            if let endpoints = try? JSONDecoder().decode([Endpoint].self, from: Data(text.utf8)) {
                return Run(
                    process: process,
                    ports: Dictionary(uniqueKeysWithValues: endpoints.map { ($0.worker, URLComponents(string: $0.url)?.port ?? 0) }))
            }
        }
        throw ServersError(.exitedEarly, "up has ended: \((try? String(contentsOfFile: data + ".log", encoding: .utf8)) ?? "")")
    }

    /// The processes that have to do with a data folder: it stands in their command line or in their environment.
    private func processes(of data: String) -> [String] {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return all.filter { Int($0) != nil }.filter { pid in
            ["cmdline", "environ"].contains { file in
                FileManager.default.contents(atPath: "/proc/\(pid)/\(file)").map { String(decoding: $0, as: UTF8.self).contains(data + "/") } ?? false
            }
        }
    }

    /// Fails when the private servers or workers are not told to end, when `run.json` stays, and when the data folder is made anew.
    @Test("starts, is ready, finds its data again, and leaves nothing behind", .enabled(if: FileManager.default.fileExists(atPath: "/proc")))
    func twice() async throws {
        let folder = try TemporaryDirectory.make()
        defer { TemporaryDirectory.remove(folder) }
        let (data, temporary) = (folder + "/data", folder + "/tmp")
        try FileManager.default.createDirectory(atPath: temporary, withIntermediateDirectories: true)
        chmod(temporary, 0o1777)

        let first = try await start(data, temporary: temporary)
        #expect(first.ports.keys.sorted() == ["checkout", "edge", "inventory", "orders", "payments", "shipping"])
        #expect(try await first.send("GET", "/health/ready").status == 200)
        #expect(try await first.send("POST", "/products", #"{"productId":"cd-1","name":"One","priceCents":1199}"#, wait: 20).status == 201)
        #expect(try await first.send("PUT", "/products/cd-1/inventory", #"{"quantity":5}"#, wait: 20).status < 300)
        let placed = try await first.send("POST", "/orders", #"{"customerId":"42","items":[{"productId":"cd-1","quantity":2}]}"#, wait: 20)
        #expect(placed.status == 201, "\(placed)")
        let order = try #require((try JSONSerialization.jsonObject(with: Data(placed.text.utf8)) as? [String: Any])?["orderId"] as? String)
        // Other commands find it, and nobody else gets in.
        let sagas = try await Fixture.run("saga", "list", "--data", data, "-o", "json")
        #expect(sagas.status == .exited(0) && sagas.standardOutput.contains("completed"), "\(sagas)")
        let second = try await Fixture.run("up", "--data", data)
        #expect(second.status == .exited(1) && second.standardError.contains("in use"))
        // Six workers, PostgreSQL and the broker at least.
        #expect(processes(of: data).count >= 8)
        #expect(Fixture.mode(data + "/run.json") == 0o600)

        // Ctrl-C.
        first.process.signal(SIGINT)
        #expect(await first.process.wait(atMost: .seconds(60)) == .exited(0))
        #expect(await Fixture.eventually(within: .seconds(10)) { processes(of: data).isEmpty }, "\(processes(of: data))")
        #expect(!FileManager.default.fileExists(atPath: data + "/run.json"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: temporary).isEmpty)

        let again = try await start(data, temporary: temporary)
        let found = try await again.send("GET", "/orders/\(order)")
        #expect(found.status == 200 && found.text.contains("confirmed"), "\(found)")
        let more = try await again.send("POST", "/orders", #"{"customerId":"42","items":[{"productId":"cd-1","quantity":9}]}"#, wait: 20)
        #expect(more.status == 409, "the stock of before counts: \(more)")
        again.process.signal(SIGTERM)
        #expect(await again.process.wait(atMost: .seconds(60)) == .exited(0))
        #expect(await Fixture.eventually(within: .seconds(10)) { processes(of: data).isEmpty })
        #expect(try FileManager.default.contentsOfDirectory(atPath: temporary).isEmpty)
    }

    /// Fails when the guard does not know of the children (`ProcessGuard`), or when leftovers of a killed run stop the next one.
    @Test("killed with SIGKILL it leaves no process, and the next one starts", .enabled(if: FileManager.default.fileExists(atPath: "/proc")))
    func killed() async throws {
        let folder = try TemporaryDirectory.make()
        defer { TemporaryDirectory.remove(folder) }
        let data = folder + "/data"
        let first = try await start(data, temporary: folder, arguments: ["--only", "payments"])
        first.process.signal(SIGKILL)
        #expect(await first.process.wait() == .signaled(9))
        #expect(await Fixture.eventually(within: .seconds(30)) { processes(of: data).isEmpty }, "\(processes(of: data))")
        let again = try await start(data, temporary: folder, arguments: ["--only", "payments"])
        again.process.signal(SIGINT)
        #expect(await again.process.wait(atMost: .seconds(60)) == .exited(0))
        #expect(await Fixture.eventually(within: .seconds(10)) { processes(of: data).isEmpty })
    }
}
