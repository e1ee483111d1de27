import Foundation
package import Servers

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// What `up` must be allowed to do on this machine.
package enum Permissions {
    /// Whether `up` can keep its data there: the folder can be written, with what it holds already, or can be made.
    ///
    /// - Parameter isWritable: whether this process may write there; root may everywhere, so tests give an answer of their own.
    package static func dataFolder(
        _ path: String, isWritable: (String) -> Bool = { FileManager.default.isWritableFile(atPath: $0) }
    ) -> DoctorCheck {
        let path = URL(fileURLWithPath: path).standardizedFileURL.path
        let nearest = nearestThere(path)
        var isDirectory: ObjCBool = false
        _ = FileManager.default.fileExists(atPath: nearest, isDirectory: &isDirectory)
        guard isDirectory.boolValue else {
            return check(false, "\(nearest) is not a folder", "mv \(nearest) \(nearest).old   # or choose another folder with --data")
        }
        let mine = nearest == path ? ["", "/lock", "/secrets"].map { path + $0 } : [nearest]
        let locked = mine.first { FileManager.default.fileExists(atPath: $0) && !isWritable($0) }
        if let locked {
            return check(
                false, "\(locked) may not be written by this user",
                "sudo chown -R \(user) \(nearest)   # or choose another folder with --data")
        }
        return check(true, nearest == path ? "\(path), writable" : "\(path), can be made", nil)
    }

    private static func check(_ isFine: Bool, _ found: String, _ remedy: String?) -> DoctorCheck {
        DoctorCheck(name: "data folder", isFine: isFine, found: found, remedy: remedy)
    }

    /// The path, or the nearest above it that is there.
    private static func nearestThere(_ path: String) -> String {
        var path = path
        while path != "/", !path.isEmpty, !isThere(path) { path = (path as NSString).deletingLastPathComponent }
        return path.isEmpty ? "/" : path
    }

    /// Also if it is a link to nothing: that is in the way.
    private static func isThere(_ path: String) -> Bool {
        var info = stat()
        return lstat(path, &info) == 0
    }

    private static var user: String { "\(geteuid()):\(getegid())" }

    /// Whether root can have PostgreSQL, which refuses to run as root, run under an account of its own.
    package static func serverAccount(_ account: ServerAccountState) -> DoctorCheck {
        let name = "account for PostgreSQL (this is root)"
        switch account {
        case .usable(let user): return DoctorCheck(name: name, isFine: true, found: user, remedy: nil)
        case .canBeMade(let user): return DoctorCheck(name: name, isFine: true, found: "\(user), which `up` makes", remedy: nil)
        case .missing:
            return DoctorCheck(
                name: name, isFine: false, found: "neither `postgres` nor `millrace`, and no `useradd` to make one",
                remedy: "adduser --system --no-create-home millrace   # or run as another user than root")
        case .refused(let user, let reason):
            return DoctorCheck(
                name: name, isFine: false, found: "cannot run anything as \(user): \(reason)",
                remedy:
                    "setpriv --reuid=\(user) --clear-groups true   # must work; in a container: --cap-add SETUID --cap-add SETGID, or run as another user than root"
            )
        }
    }
}
