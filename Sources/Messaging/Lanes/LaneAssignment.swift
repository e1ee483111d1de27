/// Puts messages into lanes, so that those of one key, and those of one step of a saga, come one after the other: a compensation that has
/// another key than its step undoes what the step has done before it. Pure.
struct LaneAssignment {
    /// Indices in order. One that was joined to another is empty.
    private var all: [[Int]] = []
    private var laneOfKey: [String: Int] = [:]
    private var laneOfStep: [String: Int] = [:]

    /// The messages of each lane, in order.
    var lanes: [[Int]] { all.filter { !$0.isEmpty } }

    /// Adds a message, which comes after all that were added.
    mutating func append(_ index: Int, key: String?, step: String? = nil) {
        let byKey = key.flatMap { laneOfKey[$0] }
        let byStep = step.flatMap { laneOfStep[$0] }
        let lane = byKey ?? byStep ?? all.count
        if lane == all.count { all.append([]) }
        if let byStep, byStep != lane { join(byStep, to: lane) }
        all[lane].append(index)
        if let key { laneOfKey[key] = lane }
        if let step { laneOfStep[step] = lane }
    }

    private mutating func join(_ other: Int, to lane: Int) {
        all[lane] = (all[lane] + all[other]).sorted()
        all[other] = []
        for (key, value) in laneOfKey where value == other { laneOfKey[key] = lane }
        for (step, value) in laneOfStep where value == other { laneOfStep[step] = lane }
    }
}
