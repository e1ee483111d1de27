import ArgumentParser
import Foundation
import Servers

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Say what this machine lacks, and the command that mends it.",
        discussion: """
            Exits 0 if everything is there, 1 if something is missing.

            EXAMPLES
              millrace doctor
              millrace doctor -o json
            """)
    @OptionGroup var output: OutputOptions
    @Option(help: ArgumentHelp("The data folder of `millrace up` (default: .millrace in the project).", valueName: "dir")) var data: String?

    func run() async throws {
        try await reporting {
            let checks = await checks()
            output.print(checks) {
                let console = Console.shared
                var table = Table(["", "WHAT", "FOUND", "MEND WITH"])
                for check in checks {
                    table.add([
                        check.isFine ? console.output("✓", .green) : console.output("✗", .red), check.name, check.found,
                        check.isFine ? "" : check.remedy ?? "",
                    ])
                }
                return table
            }
            if !checks.allSatisfy(\.isFine) { throw ExitCode.failure }
        }
    }

    private func checks() async -> [DoctorCheck] {
        var checks = [await Self.toolchain()]
        checks.append(await Self.library("libpq", debian: "libpq-dev", brew: "libpq"))
        checks.append(await Self.library("libcrypto", debian: "libssl-dev", brew: "openssl@3"))
        checks.append(await Self.library("librabbitmq", debian: "librabbitmq-dev", brew: "rabbitmq-c"))
        checks.append(
            DoctorCheck(
                name: "PostgreSQL server", isFine: ServersAvailability.postgres != nil,
                found: ServersAvailability.postgres ?? "not installed", remedy: Self.install("postgresql", "postgresql@17")))
        checks.append(
            DoctorCheck(
                // `up` and `demo` have a broker of their own; only tests and a move to a cluster need this one.
                name: "RabbitMQ server (optional)", isFine: true,
                found: ServersAvailability.rabbitMQ ?? "not installed; the embedded broker is used", remedy: nil))
        if geteuid() == 0 {
            let setpriv = ServersAvailability.program("setpriv")
            checks.append(
                DoctorCheck(
                    name: "setpriv (to run servers as another user)", isFine: setpriv != nil, found: setpriv ?? "not installed",
                    remedy: Self.install("util-linux", "util-linux")))
            if setpriv != nil { checks.append(Permissions.serverAccount(await ServersAvailability.serverAccount())) }
        }
        let project = try? Project.find()
        checks += Self.ports(project, data: data)
        if let folder = data ?? project?.dataFolder { checks.append(Permissions.dataFolder(folder)) }
        checks.append(Self.temporaryFolder())
        return checks
    }

    private static func toolchain() async -> DoctorCheck {
        let remedy = "install Swift 6.2 or later: https://www.swift.org/install"
        guard let result = try? await ChildProcess.run(.init(executable: "swift", arguments: ["--version"]), timeout: .seconds(30)),
            let version = result.standardOutput.firstMatch(of: /Swift version (\d+)\.(\d+)/)
        else { return DoctorCheck(name: "Swift toolchain", isFine: false, found: "no `swift` in PATH", remedy: remedy) }
        let (major, minor) = (Int(version.output.1) ?? 0, Int(version.output.2) ?? 0)
        return DoctorCheck(
            name: "Swift toolchain", isFine: (major, minor) >= (6, 2), found: "\(version.output.0)", remedy: remedy)
    }

    private static func library(_ name: String, debian: String, brew: String) async -> DoctorCheck {
        let remedy = install("\(debian) pkg-config", "\(brew) pkgconf")
        guard let result = try? await ChildProcess.run(.init(executable: "pkg-config", arguments: ["--modversion", name])) else {
            return DoctorCheck(name: name, isFine: false, found: "no `pkg-config`", remedy: remedy)
        }
        let version = result.standardOutput.trimmingCharacters(in: .whitespacesAndNewlines)
        return DoctorCheck(
            name: name, isFine: result.status.isSuccess, found: result.status.isSuccess ? version : "not installed", remedy: remedy)
    }

    private static func ports(_ project: Project?, data: String?) -> [DoctorCheck] {
        guard let project else {
            return [DoctorCheck(name: "project", isFine: false, found: "no folder workers/ here or above", remedy: "cd to the project")]
        }
        if RunState.read(data ?? project.dataFolder) != nil { return [] }
        return project.workers.compactMap { worker in
            guard let port = worker.port else { return nil }
            let isFree = FreePort.isFree(port)
            return DoctorCheck(
                name: "port \(port) for \(worker.name)", isFine: isFree, found: isFree ? "free" : "taken",
                remedy: "ss -ltnp 'sport = :\(port)'   # then stop that program, or change http.port in workers/\(worker.name)/worker.yaml")
        }
    }

    private static func temporaryFolder() -> DoctorCheck {
        do {
            let folder = try TemporaryDirectory.make(prefix: "millrace-doctor")
            TemporaryDirectory.remove(folder)
            return DoctorCheck(name: "temporary folder", isFine: true, found: "writable", remedy: nil)
        } catch {
            return DoctorCheck(name: "temporary folder", isFine: false, found: "\(error)", remedy: "chmod 1777 /tmp, or set TMPDIR")
        }
    }

    private static func install(_ debian: String, _ brew: String) -> String {
        #if os(macOS)
            "brew install \(brew)"
        #else
            geteuid() == 0 ? "apt-get install -y \(debian)" : "sudo apt-get install -y \(debian)"
        #endif
    }
}
