/// The picture of a saga: what a worker's `describe` prints, and `millrace saga graph` renders.
public struct SagaGraph: Codable, Sendable, Equatable {
    /// One step.
    public struct Step: Codable, Sendable, Equatable {
        /// The step's name.
        public var name: String
        /// The type of the command forward; nil when the step only has a compensation.
        public var command: String?
        /// The types of the events that mean success.
        public var succeeds: [String]
        /// The types of the events that mean failure.
        public var fails: [String]
        /// How long the answer may take; nil waits for ever.
        public var timeoutSeconds: Double?
        /// The type of the command that undoes it.
        public var compensation: String?
        /// The types of the events that answer the compensation.
        public var compensated: [String]
    }

    /// The saga's name.
    public var saga: String
    /// The type of the event that starts it.
    public var startedBy: String
    /// The steps in order.
    public var steps: [Step]

    /// The picture of a definition.
    public init<State: Saga>(_ definition: SagaDefinition<State>) {
        saga = definition.name
        startedBy = State.StartedBy.type
        steps = definition.steps.map { step in
            Step(
                name: step.name, command: step.forward?.type,
                succeeds: step.answers.filter { $0.outcome == .succeeded }.map(\.type),
                fails: step.answers.filter { $0.outcome == .failed }.map(\.type),
                timeoutSeconds: step.timeout.map { $0 / .seconds(1) },
                compensation: step.compensation?.type, compensated: step.compensationAnswers.map(\.type))
        }
    }
}

extension SagaGraph {
    /// A node of the drawing.
    struct Node {
        enum Shape { case start, step, undo, end }
        let id: String
        let label: [String]
        let shape: Shape
    }

    /// An arrow of the drawing; dashed ones lead backwards.
    struct Arrow {
        let from: String
        let to: String
        let label: String
        let isBackward: Bool
    }

    /// Both renderings draw the same nodes and arrows.
    var drawing: (nodes: [Node], arrows: [Arrow]) {
        var nodes = [Node(id: "start", label: [startedBy], shape: .start)]
        var arrows: [Arrow] = []
        var previous = (id: "start", label: "")
        for (index, step) in steps.enumerated() {
            if let command = step.command {
                let id = "step\(index)"
                nodes.append(Node(id: id, label: [step.name, command], shape: .step))
                arrows.append(Arrow(from: previous.id, to: id, label: previous.label, isBackward: false))
                previous = (id, step.succeeds.joined(separator: " / "))
                // What failed leaves nothing behind, what ran out of time may: each has its own arrow.
                if !step.fails.isEmpty {
                    let label = step.fails.joined(separator: " / ")
                    arrows.append(Arrow(from: id, to: undoTarget(from: index - 1), label: label, isBackward: true))
                }
                if let seconds = step.timeoutSeconds {
                    let label = "after \(Self.text(seconds: seconds))"
                    arrows.append(Arrow(from: id, to: undoTarget(from: index), label: label, isBackward: true))
                }
            }
            if let compensation = step.compensation {
                let title = step.command == nil ? step.name : "undo: \(step.name)"
                nodes.append(Node(id: "undo\(index)", label: [title, compensation], shape: .undo))
                arrows.append(
                    Arrow(
                        from: "undo\(index)", to: undoTarget(from: index - 1),
                        label: step.compensated.joined(separator: " / "), isBackward: true))
            }
        }
        nodes.append(Node(id: "completed", label: ["completed"], shape: .end))
        arrows.append(Arrow(from: previous.id, to: "completed", label: previous.label, isBackward: false))
        nodes.append(Node(id: "compensated", label: ["compensated"], shape: .end))
        return (nodes, arrows)
    }

    /// Where the way back goes on: the last step at or before `index` that can be undone, or the end.
    private func undoTarget(from index: Int) -> String {
        for candidate in stride(from: index, through: 0, by: -1) where steps[candidate].compensation != nil {
            return "undo\(candidate)"
        }
        return "compensated"
    }

    static func text(seconds: Double) -> String {
        seconds == seconds.rounded() && seconds < 1e12 ? "\(Int(seconds)) s" : "\(seconds) s"
    }
}
