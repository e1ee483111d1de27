/// Which way of reading a change breaks.
public struct Directions: OptionSet, Sendable, Hashable {
    /// The bits.
    public let rawValue: UInt8

    /// Makes a set of its bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Data written by the old contract is read by the new one: what is stored, or sent by who has not been updated.
    public static let backward = Directions(rawValue: 1)
    /// Data written by the new contract is read by the old one: by consumers that have not been updated.
    public static let forward = Directions(rawValue: 2)
    /// Both ways.
    public static let full: Directions = [.backward, .forward]

    /// The same with the contracts exchanged.
    var reversed: Directions {
        var result: Directions = []
        if contains(.backward) { result.insert(.forward) }
        if contains(.forward) { result.insert(.backward) }
        return result
    }
}

extension Directions: CustomStringConvertible {
    /// `backward`, `forward`, `both ways`, or `nothing`.
    public var description: String {
        switch self {
        case .full: "both ways"
        case .backward: "backward"
        case .forward: "forward"
        default: "nothing"
        }
    }
}
