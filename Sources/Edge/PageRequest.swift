public import Hummingbird

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// One page of a list, by key: the cursor names the last row of the page before, so that rows that are added meanwhile
/// neither shift nor repeat a page, and a late page costs what the first one costs.
public struct PageRequest: Sendable, Equatable {
    /// How many rows, 1 to 100.
    public var limit: Int
    /// The parts of the key of the last row seen; nil for the first page.
    public var after: [String]?

    /// The most rows of a page.
    public static let largest = 100

    /// Creates a request for a page.
    public init(limit: Int = 20, after: [String]? = nil) {
        self.limit = limit
        self.after = after
    }

    /// Reads `?limit=` and `?after=`.
    /// - Parameters:
    ///   - request: the request.
    ///   - parts: of how many values the key consists.
    /// - Throws: ``Problem`` 400 for values that make no sense.
    public init(_ request: Request, keyParts parts: Int) throws(Problem) {
        self.init()
        let query = request.uri.queryParameters
        if let text = query["limit"] {
            guard let limit = Int(text), (1...Self.largest).contains(limit) else {
                throw Problem.badRequest("limit must be a whole number from 1 to \(Self.largest)")
            }
            self.limit = limit
        }
        if let cursor = query["after"] {
            guard let values = Self.decode(String(cursor)), values.count == parts else {
                throw Problem.badRequest("after must be a cursor that an earlier page has returned")
            }
            after = values
        }
    }

    /// A cursor for the given key: opaque to clients.
    public static func cursor(_ values: [String]) -> String {
        Data(values.joined(separator: "\u{1F}").utf8).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    private static func decode(_ cursor: String) -> [String]? {
        guard cursor.utf8.count <= 1024 else { return nil }
        let base64 = cursor.replacing("-", with: "+").replacing("_", with: "/")
        let padded = base64 + String(repeating: "=", count: (4 - base64.utf8.count % 4) % 4)
        guard let data = Data(base64Encoded: padded), let text = String(validating: data, as: UTF8.self),
            !text.utf8.contains(0)
        else { return nil }
        return text.split(separator: "\u{1F}", omittingEmptySubsequences: false).map(String.init)
    }
}
