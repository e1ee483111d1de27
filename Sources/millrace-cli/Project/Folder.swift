import Foundation

/// Looking for folders.
enum Folder {
    /// The absolute path of the current one.
    static var current: String { URL(fileURLWithPath: FileManager.default.currentDirectoryPath).standardizedFileURL.path }

    static func exists(_ path: String) -> Bool {
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
    }

    /// The current folder, or else the nearest above it, that holds a folder of this name.
    static func nearest(holding name: String) -> String? {
        var folder = current
        while !exists(folder + "/" + name) {
            if folder == "/" || folder.isEmpty { return nil }
            folder = (folder as NSString).deletingLastPathComponent
        }
        return folder
    }
}
