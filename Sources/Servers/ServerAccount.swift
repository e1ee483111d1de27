import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The account that a server runs as when Millrace itself runs as root.
struct ServerAccount: Sendable, Equatable {
    let name: String
    let user: UInt32
    let group: UInt32

    /// The first of the accounts that exists.
    static func existing(_ names: [String]) -> ServerAccount? {
        for name in names {
            var entry = passwd()
            var found: UnsafeMutablePointer<passwd>?
            var buffer = [CChar](repeating: 0, count: 16_384)
            if getpwnam_r(name, &entry, &buffer, buffer.count, &found) == 0, found != nil {
                return ServerAccount(name: name, user: entry.pw_uid, group: entry.pw_gid)
            }
        }
        return nil
    }

    /// Makes the system account `millrace`.
    static func create() async throws(ServersError) -> ServerAccount {
        guard let useradd = Files.program("useradd") else {
            throw ServersError(
                .noAccount, "PostgreSQL refuses to run as root, and there is no account `postgres` and no `useradd` to make one")
        }
        let result = try await ChildProcess.run(
            .init(executable: useradd, arguments: ["--system", "--no-create-home", "--shell", "/usr/sbin/nologin", "millrace"]))
        guard let account = existing(["millrace"]) else {
            throw ServersError(.noAccount, "cannot make the account `millrace`: \(result.standardError)")
        }
        return account
    }

    /// Gives the file or folder to this account.
    func own(_ path: String) throws(ServersError) {
        guard chown(path, user, group) == 0 else {
            throw ServersError(.fileSystem, "cannot give \(path) to \(name): \(systemMessage())")
        }
    }

    /// Whether this account may pass through every folder above `path`.
    func canReach(_ path: String) -> Bool {
        var folder = (path as NSString).deletingLastPathComponent
        while true {
            var info = stat()
            if stat(folder, &info) == 0 {
                let bit: mode_t = info.st_uid == user ? S_IXUSR : info.st_gid == group ? S_IXGRP : S_IXOTH
                if info.st_mode & bit == 0 { return false }
            }
            if folder == "/" || folder.isEmpty { return true }
            folder = (folder as NSString).deletingLastPathComponent
        }
    }
}

/// Where a server's files really are.
struct ServerHome: Sendable {
    /// The folder that was asked for.
    let requested: String
    /// The folder that is used.
    let directory: String
    /// Who runs the server; nil means: whoever runs this process.
    let account: ServerAccount?

    /// Makes the folder for a server. As root a server gets an account of its own; if that account cannot
    /// reach the folder (a project below /root, say), the files go to /var/lib/millrace under a name that is
    /// derived from the folder, so that the next start finds them there.
    static func make(_ path: String, accounts: [String], needsAccount: Bool) async throws(ServersError) -> ServerHome {
        let path = Files.absolute(path)
        guard geteuid() == 0 else {
            try Files.makeDirectory(path, mode: 0o700)
            return ServerHome(requested: path, directory: path, account: nil)
        }
        var account = ServerAccount.existing(accounts + ["millrace"])
        if account == nil, needsAccount { account = try await ServerAccount.create() }
        guard let account else {
            try Files.makeDirectory(path, mode: 0o700)
            return ServerHome(requested: path, directory: path, account: nil)
        }
        var directory = path
        try Files.makeDirectory((path as NSString).deletingLastPathComponent, mode: 0o711)
        if !account.canReach(path) {
            directory = "/var/lib/millrace/" + SHA256.hex(Array(path.utf8)).prefix(16)
            try Files.makeDirectory("/var/lib/millrace", mode: 0o711)
            try Files.makeDirectory(path, mode: 0o700)
            try Files.write(directory + "\n", to: path + "/LOCATION", mode: 0o644)
        }
        try Files.makeDirectory(directory, mode: 0o700)
        try account.own(directory)
        return ServerHome(requested: path, directory: directory, account: account)
    }

    /// Makes a folder inside, owned by the account.
    func makeFolder(_ name: String) throws(ServersError) -> String {
        let path = directory + "/" + name
        try Files.makeDirectory(path, mode: 0o700)
        try account?.own(path)
        return path
    }

    /// Writes a file inside, owned by the account and readable by nobody else.
    func write(_ text: String, to name: String) throws(ServersError) -> String {
        let path = directory + "/" + name
        try Files.write(text, to: path, mode: 0o600)
        try account?.own(path)
        return path
    }

    /// Removes everything.
    func remove() {
        try? FileManager.default.removeItem(atPath: directory)
        try? FileManager.default.removeItem(atPath: requested)
    }
}
