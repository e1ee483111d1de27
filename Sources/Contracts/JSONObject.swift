/// The members of a JSON object, in their order, each name once.
public struct JSONObject: Sendable {
    private var members: [(key: String, value: JSONValue)] = []
    /// Positions by name, kept once there are too many members to look at each.
    private var index: [ExactText: Int]?

    /// Makes an object without members.
    public init() {}

    /// Makes an object with room for some members.
    init(capacity: Int) { members.reserveCapacity(capacity) }

    /// The value of a name. Setting nil removes the member, a new name is added at the end.
    public subscript(key: String) -> JSONValue? {
        get { position(of: key).map { members[$0].value } }
        set {
            switch (position(of: key), newValue) {
            case (let position?, let value?): members[position].value = value
            case (let position?, nil):
                members.remove(at: position)
                reindex()
            case (nil, let value?): append(key, value)
            case (nil, nil): break
            }
        }
    }

    /// The names, in order.
    public var keys: [String] { members.map(\.key) }

    /// Gives a member another name and leaves it in its place. Does nothing when there is no such member; a member
    /// that already has the new name is replaced.
    public mutating func rename(_ key: String, to newKey: String) {
        guard let value = self[key], ExactText(key) != ExactText(newKey) else { return }
        self[newKey] = nil
        guard let position = position(of: key) else { return }
        members[position] = (newKey, value)
        reindex()
    }

    /// Adds a member if there is none of its name.
    /// - Returns: whether it was added.
    mutating func insert(_ key: String, _ value: JSONValue) -> Bool {
        guard position(of: key) == nil else { return false }
        append(key, value)
        return true
    }

    private mutating func append(_ key: String, _ value: JSONValue) {
        members.append((key, value))
        if index != nil {
            index?[ExactText(key)] = members.count - 1
        } else if members.count > Self.linearLimit {
            reindex()
        }
    }

    private func position(of key: String) -> Int? {
        if let index { return index[ExactText(key)] }
        let count = key.utf8.count
        // Strings are equal when they are canonically equivalent; `ExactText` looks closer, when there is a need.
        return members.firstIndex { $0.key.utf8.count == count && $0.key == key && ExactText($0.key) == ExactText(key) }
    }

    private mutating func reindex() {
        index = nil
        guard members.count > Self.linearLimit else { return }
        index = Dictionary(uniqueKeysWithValues: members.enumerated().map { (ExactText($1.key), $0) })
    }

    private static let linearLimit = 16
}

extension JSONObject: RandomAccessCollection {
    /// One member.
    public typealias Element = (key: String, value: JSONValue)
    /// Always 0.
    public var startIndex: Int { 0 }
    /// The number of members.
    public var endIndex: Int { members.count }
    /// A member by its place.
    public subscript(position: Int) -> Element { members[position] }
}

extension JSONObject: Equatable {
    /// Whether both have the same members, in any order.
    public static func == (lhs: JSONObject, rhs: JSONObject) -> Bool {
        lhs.count == rhs.count && lhs.allSatisfy { rhs[$0.key] == $0.value }
    }
}
