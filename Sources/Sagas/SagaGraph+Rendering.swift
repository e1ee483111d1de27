extension SagaGraph {
    /// The picture as a Mermaid flowchart (<https://mermaid.js.org/syntax/flowchart.html>).
    public var mermaid: String {
        let (nodes, arrows) = drawing
        var lines = ["flowchart TD"]
        for node in nodes {
            let label = node.label.map(Self.mermaidText).joined(separator: "<br/>")
            switch node.shape {
            case .start, .end: lines.append("    \(node.id)([\"\(label)\"])")
            case .step: lines.append("    \(node.id)[\"\(label)\"]")
            case .undo: lines.append("    \(node.id)[/\"\(label)\"/]")
            }
        }
        for arrow in arrows {
            let line = arrow.isBackward ? "-.->" : "-->"
            let label = arrow.label.isEmpty ? "" : "|\"\(Self.mermaidText(arrow.label))\"|"
            lines.append("    \(arrow.from) \(line)\(label) \(arrow.to)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The picture in the DOT language of Graphviz (<https://graphviz.org/doc/info/lang.html>).
    public var dot: String {
        let (nodes, arrows) = drawing
        var lines = [
            "digraph \(Self.dotText([saga])) {", "    node [fontname=\"sans-serif\"];",
            "    edge [fontname=\"sans-serif\"];",
        ]
        for node in nodes {
            let shape =
                switch node.shape {
                case .start, .end: "ellipse"
                case .step: "box"
                case .undo: "parallelogram"
                }
            lines.append("    \(node.id) [shape=\(shape), label=\(Self.dotText(node.label))];")
        }
        for arrow in arrows {
            let style = arrow.isBackward ? ", style=dashed" : ""
            lines.append("    \(arrow.from) -> \(arrow.to) [label=\(Self.dotText([arrow.label]))\(style)];")
        }
        return (lines + ["}"]).joined(separator: "\n") + "\n"
    }

    /// Mermaid has no escape inside quotes but entity codes (`#quot;`).
    private static func mermaidText(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "\"": result += "#quot;"
            case "#": result += "#35;"
            case "<": result += "#lt;"
            case ">": result += "#gt;"
            default: result.append(character)
            }
        }
        return result
    }

    /// A quoted DOT identifier with one line for each element.
    private static func dotText(_ lines: [String]) -> String {
        let escaped = lines.map { line in
            line.reduce(into: "") { result, character in
                if character == "\"" || character == "\\" { result.append("\\") }
                result.append(character)
            }
        }
        return "\"" + escaped.joined(separator: "\\n") + "\""
    }
}
