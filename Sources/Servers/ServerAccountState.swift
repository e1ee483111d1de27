/// Whether servers can run under an account of their own, which they must when this process is root.
public enum ServerAccountState: Sendable, Equatable {
    /// They can, under this one.
    case usable(String)
    /// There is none yet, but this one can be made.
    case canBeMade(String)
    /// There is none, and none can be made.
    case missing
    /// There is one, but nothing can be run under it.
    case refused(String, reason: String)
}

extension ServersAvailability {
    /// Which account PostgreSQL would run as if it were started now, by root. Runs a program under it, to see whether that works.
    public static func serverAccount() async -> ServerAccountState {
        guard let account = ServerAccount.existing(["postgres", "millrace"]) else {
            return program("useradd") == nil ? .missing : .canBeMade("millrace")
        }
        do throws(ServersError) {
            let result = try await ChildProcess.run(.init(executable: "true", workingDirectory: "/", account: account.name))
            if result.status.isSuccess { return .usable(account.name) }
            return .refused(account.name, reason: result.standardError.split(separator: "\n").last.map(String.init) ?? "\(result.status)")
        } catch {
            return .refused(account.name, reason: "\(error)")
        }
    }
}
