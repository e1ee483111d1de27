import Foundation
import Servers
import Testing
import millrace_cli

@Suite(
    "millrace up", .timeLimit(.minutes(10)),
    .enabled(if: ServersAvailability.postgres != nil && ServersAvailability.rabbitMQ != nil))
struct UpTests {
    /// A running `millrace up`.
    private struct Run {
        let process: ChildProcess
        let ports: [String: Int]

        func send(_ method: String, _ path: String, _ body: String = "", wait: Int = 0) async throws -> (status: UInt, text: String) {
            let client = HTTPClient(port: ports["edge"] ?? 0, connections: 1)
            let answer = try await client.send(
                .init(
                    method: .init(rawValue: method), path: path, headers: wait > 0 ? [("prefer", "wait=\(wait)")] : [],
                    body: Array(body.utf8)))
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
                FileManager.default.contents(atPath: "/proc/\(pid)/\(file)").map {
                    String(decoding: $0, as: UTF8.self).contains(data + "/")
                } ?? false
            }
        }
    }

    /// Where the data is to be, and a folder for temporary files that is looked at afterwards.
    private func makeFolders(_ folder: String) throws -> (data: String, temporary: String) {
        let temporary = folder + "/tmp"
        try FileManager.default.createDirectory(atPath: temporary, withIntermediateDirectories: true)
        chmod(temporary, 0o1777)
        return (folder + "/data", temporary)
    }

    /// Fails when the private servers or workers are not told to end, when `run.json` stays, and when the data folder is made anew.
    @Test(
        "starts, is ready, finds its data again, and leaves nothing behind", .enabled(if: FileManager.default.fileExists(atPath: "/proc")))
    func twice() async throws {
        let folder = try TemporaryDirectory.make()
        defer { TemporaryDirectory.remove(folder) }
        let (data, temporary) = try makeFolders(folder)

        let first = try await start(data, temporary: temporary)
        #expect(first.ports.keys.sorted() == ["checkout", "edge", "inventory", "journal", "orders", "payments", "shipping"])
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
        // Seven workers, PostgreSQL and the broker at least.
        #expect(processes(of: data).count >= 9)
        #expect(Fixture.mode(data + "/run.json") == 0o600)
        try await oneMore(data)

        // Ctrl-C.
        first.process.signal(SIGINT)
        #expect(await first.process.wait(atMost: .seconds(60)) == .exited(0))
        #expect(await Fixture.eventually(within: .seconds(90)) { processes(of: data).isEmpty }, "\(processes(of: data))")
        #expect(!FileManager.default.fileExists(atPath: data + "/run.json"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: temporary).isEmpty)

        let again = try await start(data, temporary: temporary)
        let found = try await again.send("GET", "/orders/\(order)")
        #expect(found.status == 200 && found.text.contains("confirmed"), "\(found)")
        let more = try await again.send("POST", "/orders", #"{"customerId":"42","items":[{"productId":"cd-1","quantity":9}]}"#, wait: 20)
        #expect(more.status == 409, "the stock of before counts: \(more)")
        again.process.signal(SIGTERM)
        #expect(await again.process.wait(atMost: .seconds(60)) == .exited(0))
        #expect(await Fixture.eventually(within: .seconds(90)) { processes(of: data).isEmpty })
        #expect(try FileManager.default.contentsOfDirectory(atPath: temporary).isEmpty)
    }

    /// Fails when nobody listens to signals while everything is stopped (`stoppable`), when a worker that is being stopped cannot be
    /// killed (`killAll`), and, if the end of what was killed comes first, when that passes for a stop in good order (`isKilled`).
    @Test("a second Ctrl-C ends it at once", .enabled(if: FileManager.default.fileExists(atPath: "/proc")))
    func secondSignal() async throws {
        let folder = try TemporaryDirectory.make()
        defer { TemporaryDirectory.remove(folder) }
        let (data, temporary) = try makeFolders(folder)
        let run = try await start(data, temporary: temporary, arguments: ["--only", "payments"])
        let worker = try #require(
            processes(of: data).first { pid in
                FileManager.default.contents(atPath: "/proc/\(pid)/cmdline").map {
                    String(decoding: $0, as: UTF8.self).contains("payments-worker")
                } ?? false
            }.flatMap { Int32($0) })
        // It does not hear that it is to end.
        kill(worker, SIGSTOP)
        run.process.signal(SIGINT)
        #expect(
            await Fixture.eventually(within: .seconds(90)) {
                (try? String(contentsOfFile: data + ".log", encoding: .utf8))?.contains("again to kill") == true
            })
        run.process.signal(SIGINT)
        #expect(await run.process.wait(atMost: .seconds(60)) == .exited(130))
        #expect(await Fixture.eventually(within: .seconds(60)) { processes(of: data).isEmpty }, "\(processes(of: data))")
    }

    /// One more instance of a worker, which stands by. Fails when it takes the first one's port, or its queue to be of another kind
    /// (`RunState.Worker.settings`).
    private func oneMore(_ data: String) async throws {
        let log = data + ".instance"
        let instance = try ChildProcess.spawn(
            .init(
                executable: Fixture.millrace, arguments: ["worker", "run", "orders", "--data", data],
                environment: ProcessInfo.processInfo.environment.filter { !["DATABASE_URL", "AMQP_URL"].contains($0.key) },
                workingDirectory: Fixture.project, standardError: .file(log)))
        func text() -> String { (try? String(contentsOfFile: log, encoding: .utf8)) ?? "" }
        let isReady = await Fixture.eventually(within: .seconds(60)) {
            guard let match = text().firstMatch(of: #/"http":"127\.0\.0\.1:(\d+)"/#), let port = Int(match.1) else { return false }
            let client = HTTPClient(port: port, connections: 1)
            let answer = try? await client.send(.init(method: .GET, path: "/health/ready"))
            await client.close()
            return answer?.status == 200
        }
        #expect(isReady, "\(text())")
        instance.signal(SIGTERM)
        #expect(await instance.wait(atMost: .seconds(30)) == .exited(0), "\(text())")
    }

    /// Fails when the end of a worker's standard error is waited for (`ManagedWorker.finish`), which a process of another group holds,
    /// and when those of its own group stay (`ChildProcess.finish`).
    @Test(
        "a worker that has crashed is started again, whatever it leaves behind",
        .enabled(if: FileManager.default.fileExists(atPath: "/proc")))
    func leavesAProcess() async throws {
        let folder = try TemporaryDirectory.make()
        defer { TemporaryDirectory.remove(folder) }
        let script = """
            #!/bin/sh
            if [ "$1" = prepare ]; then exit 0; fi
            if [ -e first ]; then touch second; exec sleep 100; fi
            setsid sleep 100 &
            echo $! > elsewhere
            sleep 100 &
            echo $! > first
            exit 1
            """
        try FileManager.default.createDirectory(atPath: folder + "/workers/odd", withIntermediateDirectories: true)
        try script.write(toFile: folder + "/odd", atomically: true, encoding: .utf8)
        chmod(folder + "/odd", 0o755)
        try "name: odd\nexecutable: ./odd\n".write(toFile: folder + "/workers/odd/worker.yaml", atomically: true, encoding: .utf8)
        var environment = ProcessInfo.processInfo.environment
        for key in ["DATABASE_URL", "AMQP_URL"] { environment[key] = nil }
        environment["MILLRACE_HOME"] = folder
        let log = folder + "/log"
        let run = try ChildProcess.spawn(
            .init(
                executable: Fixture.millrace, arguments: ["up"], environment: environment, workingDirectory: folder,
                standardError: .file(log)))
        let isStartedAgain = await Fixture.eventually(within: .seconds(90)) { FileManager.default.fileExists(atPath: folder + "/second") }
        #expect(isStartedAgain, "\((try? String(contentsOfFile: log, encoding: .utf8)) ?? "")")
        run.signal(SIGINT)
        #expect(await run.wait(atMost: .seconds(60)) == .exited(0))
        func pid(_ name: String) throws -> Int32 {
            let text = try String(contentsOfFile: folder + "/" + name, encoding: .utf8)
            return try #require(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        }
        kill(try pid("elsewhere"), SIGKILL)
        // It was killed with the group of the worker; a zombie has no command line.
        let first = "/proc/\(try pid("first"))/cmdline"
        #expect(await Fixture.eventually { FileManager.default.contents(atPath: first)?.isEmpty ?? true })
    }

    /// The workers' programs among the processes of a data folder.
    private func programs(of data: String) -> Set<String> {
        let paths = processes(of: data).compactMap { pid in
            FileManager.default.contents(atPath: "/proc/\(pid)/cmdline").map { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        }
        return Set(paths.map { ($0 as NSString).lastPathComponent }.filter { $0.hasSuffix("-worker") })
    }

    /// Fails when `--only` is not heeded (Project.workers), or only by the table that is printed.
    @Test("with --only it starts those workers, and no others", .enabled(if: FileManager.default.fileExists(atPath: "/proc")))
    func only() async throws {
        struct RunState: Decodable {
            struct Worker: Decodable { var name: String }
            var workers: [Worker]
        }
        let folder = try TemporaryDirectory.make()
        defer { TemporaryDirectory.remove(folder) }
        let (data, temporary) = try makeFolders(folder)
        let run = try await start(data, temporary: temporary, arguments: ["--only", "payments, shipping"])
        #expect(run.ports.keys.sorted() == ["payments", "shipping"])
        #expect(programs(of: data) == ["payments-worker", "shipping-worker"])
        let state = try JSONDecoder().decode(RunState.self, from: try #require(FileManager.default.contents(atPath: data + "/run.json")))
        #expect(state.workers.map(\.name) == ["payments", "shipping"])
        run.process.signal(SIGINT)
        #expect(await run.process.wait(atMost: .seconds(60)) == .exited(0))
    }

    /// Fails when the guard does not know of the children (`ProcessGuard`), or when leftovers of a killed run stop the next one.
    @Test(
        "killed with SIGKILL it leaves no process, and the next one starts", .enabled(if: FileManager.default.fileExists(atPath: "/proc")))
    func killed() async throws {
        let folder = try TemporaryDirectory.make()
        defer { TemporaryDirectory.remove(folder) }
        let data = folder + "/data"
        let first = try await start(data, temporary: folder, arguments: ["--only", "payments"])
        first.process.signal(SIGKILL)
        #expect(await first.process.wait() == .signaled(9))
        #expect(await Fixture.eventually(within: .seconds(90)) { processes(of: data).isEmpty }, "\(processes(of: data))")
        let again = try await start(data, temporary: folder, arguments: ["--only", "payments"])
        again.process.signal(SIGINT)
        #expect(await again.process.wait(atMost: .seconds(60)) == .exited(0))
        #expect(await Fixture.eventually(within: .seconds(90)) { processes(of: data).isEmpty })
    }
}
